package io.cambium.training.metrics;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Writes the scalars of a run, and its alarms as text, as TensorBoard event files: Event messages
 * (tensorflow/core/util/ event.proto) framed as TFRecord. Every event is handed to the operating
 * system at once.
 */
public final class TensorBoardWriter implements AutoCloseable {

  private static final String FILE_PREFIX = "events.out.tfevents.";
  private static final String FILE_VERSION = "brain.Event:2";

  // Fields of Event, Summary, Summary.Value, SummaryMetadata, PluginData, TensorProto and
  // SessionLog.
  private static final int EVENT_WALL_TIME = 1;
  private static final int EVENT_STEP = 2;
  private static final int EVENT_FILE_VERSION = 3;
  private static final int EVENT_SUMMARY = 5;
  private static final int EVENT_SESSION_LOG = 7;
  private static final int SUMMARY_VALUE = 1;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE_VALUE = 2;
  private static final int VALUE_TENSOR = 8;
  private static final int VALUE_METADATA = 9;
  private static final int METADATA_PLUGIN_DATA = 1;
  private static final int PLUGIN_NAME = 1;
  private static final int TENSOR_DTYPE = 1;
  private static final int DTYPE_STRING = 7;
  private static final int TENSOR_SHAPE = 2;
  private static final int TENSOR_STRING = 8;
  private static final int SESSION_LOG_STATUS = 1;
  private static final int SESSION_LOG_START = 1;

  private final Path file;
  private final FileChannel channel;
  private final InstantSource clock;

  private TensorBoardWriter(Path file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
    try {
      this.channel =
          FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    } catch (IOException e) {
      throw failed(file, e);
    }
    write(event().stringField(EVENT_FILE_VERSION, FILE_VERSION));
  }

  /**
   * Begins the event files of a new run.
   *
   * @param directory made where it does not exist
   * @param clock gives the events their wall time
   * @throws TrainingException if the directory holds event files or cannot be written
   */
  public static TensorBoardWriter create(Path directory, InstantSource clock) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw failed(directory, e);
    }
    return new TensorBoardWriter(directory.resolve(fileName(0)), clock);
  }

  /**
   * Goes on in a new file for a run that resumes after {@code step}: TensorBoard drops what the
   * earlier files say of later steps.
   *
   * @throws TrainingException if the directory cannot be read or written
   */
  public static TensorBoardWriter resume(Path directory, long step, InstantSource clock) {
    Path next = directory.resolve(fileName(filesIn(directory)));
    TensorBoardWriter writer = new TensorBoardWriter(next, clock);
    // Readers drop steps from that of the START event on, so it names the first step to come.
    writer.write(
        writer
            .event()
            .intField(EVENT_STEP, step + 1)
            .messageField(
                EVENT_SESSION_LOG, new Protobuf().intField(SESSION_LOG_STATUS, SESSION_LOG_START)));
    return writer;
  }

  /** Writes all the scalars of an event at its step, or the text of an alarm. */
  public void write(Metric metric) {
    Protobuf summary = new Protobuf();
    if (metric instanceof Metric.Alarm alarm) {
      summary.messageField(SUMMARY_VALUE, text("alarms/" + alarm.alarm(), alarm.text()));
    }
    Scalars.of(metric)
        .forEach((tag, value) -> summary.messageField(SUMMARY_VALUE, scalar(tag, value)));
    write(event().intField(EVENT_STEP, metric.step()).messageField(EVENT_SUMMARY, summary));
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static Protobuf scalar(String tag, double value) {
    return new Protobuf().stringField(VALUE_TAG, tag).floatField(VALUE_SIMPLE_VALUE, (float) value);
  }

  /** A scalar tensor of one string, for the plugin that shows text. */
  private static Protobuf text(String tag, String text) {
    Protobuf tensor =
        new Protobuf()
            .intField(TENSOR_DTYPE, DTYPE_STRING)
            .messageField(TENSOR_SHAPE, new Protobuf())
            .stringField(TENSOR_STRING, text);
    Protobuf plugin = new Protobuf().stringField(PLUGIN_NAME, "text");
    return new Protobuf()
        .stringField(VALUE_TAG, tag)
        .messageField(VALUE_TENSOR, tensor)
        .messageField(VALUE_METADATA, new Protobuf().messageField(METADATA_PLUGIN_DATA, plugin));
  }

  private Protobuf event() {
    Instant now = clock.instant();
    return new Protobuf().doubleField(EVENT_WALL_TIME, now.getEpochSecond() + now.getNano() * 1e-9);
  }

  private void write(Protobuf event) {
    ByteBuffer buffer = record(event.bytes());
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /** A TFRecord: length, its checksum, data, its checksum. */
  static ByteBuffer record(byte[] data) {
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(maskedCrc32c(record.array(), Long.BYTES));
    return record.put(data).putInt(maskedCrc32c(data, data.length)).flip();
  }

  /** Rotated and offset, as TFRecord wants it, so that a checksum of checksums stays sound. */
  static int maskedCrc32c(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  /** Numbered rather than dated: readers take the files in the order of their names. */
  private static String fileName(long number) {
    return FILE_PREFIX + String.format(Locale.ROOT, "%010d", number) + ".cambium";
  }

  private static long filesIn(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(path -> path.getFileName().toString().startsWith(FILE_PREFIX)).count();
    } catch (IOException e) {
      throw new TrainingException(directory, "cannot be read: " + e, null, e);
    }
  }

  private static TrainingException failed(Path file, IOException e) {
    return new TrainingException(
        file, "cannot be written: " + e, "check free space and permissions", e);
  }
}
