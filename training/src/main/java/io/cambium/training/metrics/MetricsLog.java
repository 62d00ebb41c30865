package io.cambium.training.metrics;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/**
 * The run's metrics.jsonl: one {@link Metric} a line, each handed to the operating system as soon
 * as it is complete, so that a reader, or a crash, sees whole lines and at most one half line at
 * the end.
 */
public final class MetricsLog implements AutoCloseable {

  public static final String FILE_NAME = "metrics.jsonl";

  private static final ObjectWriter WRITER =
      Json.MAPPER.writerFor(Metric.class).without(SerializationFeature.INDENT_OUTPUT);

  private final Path file;
  private final FileChannel channel;

  private MetricsLog(Path file, long length, StandardOpenOption... options) {
    this.file = file;
    try {
      this.channel = FileChannel.open(file, options);
      channel.truncate(length).position(length);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /**
   * Begins the log of a new run.
   *
   * @throws TrainingException if the file exists or cannot be written
   */
  public static MetricsLog create(Path file) {
    return new MetricsLog(file, 0, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  /**
   * Goes on with the log of a run that resumes after {@code step}: later events are cut off, and a
   * half-written last line.
   *
   * @throws TrainingException if the file is missing, malformed or cannot be written
   */
  public static MetricsLog resume(Path file, long step) {
    long length = 0;
    try (MetricsReader reader = new MetricsReader(file, MetricsReader.Position.START)) {
      for (Metric event = reader.next(); event != null; event = reader.next()) {
        if (event.step() <= step) {
          length = reader.position().offset();
        }
      }
    }
    return new MetricsLog(file, length, StandardOpenOption.WRITE);
  }

  /** Appends one line. */
  public void append(Metric metric) {
    byte[] json = WRITER.writeValueAsBytes(metric);
    byte[] line = Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    ByteBuffer buffer = ByteBuffer.wrap(line);
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /**
   * Every event of a log, which may still be written to: a half line at the end is left out.
   *
   * @throws TrainingException if the file is missing; or naming the line of anything else that is
   *     malformed, or whose step lies before that of the line above it
   */
  public static List<Metric> read(Path file) {
    List<Metric> events = new ArrayList<>();
    forEach(file, events::add);
    return events;
  }

  /** The same one by one, for a log that may be long. */
  public static void forEach(Path file, Consumer<Metric> action) {
    try (MetricsReader reader = new MetricsReader(file, MetricsReader.Position.START)) {
      for (Metric event = reader.next(); event != null; event = reader.next()) {
        action.accept(event);
      }
    }
  }

  private static TrainingException failed(Path file, IOException e) {
    return new TrainingException(
        file, "cannot be written: " + e, "check free space and permissions", e);
  }
}
