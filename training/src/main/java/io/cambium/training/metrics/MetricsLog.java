package io.cambium.training.metrics;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.TrainingException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;
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
  private static final ObjectReader READER = Json.MAPPER.readerFor(Metric.class);

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
    for (Line line : lines(file)) {
      if (line.metric().step() <= step) {
        length = line.end();
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
    return lines(file).stream().map(Line::metric).toList();
  }

  /**
   * @param end position in the file after the line
   */
  private record Line(Metric metric, long end) {}

  private static List<Line> lines(Path file) {
    List<Line> lines = new ArrayList<>();
    long end = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      for (byte[] bytes = nextLine(in); bytes != null; bytes = nextLine(in)) {
        end += bytes.length + 1;
        lines.add(new Line(parse(file, lines, bytes), end));
      }
    } catch (NoSuchFileException e) {
      throw new TrainingException(file, "no such file", "is this a run directory?", e);
    } catch (IOException e) {
      throw new TrainingException(file, "cannot be read: " + e, null, e);
    }
    return lines;
  }

  /** The next line without its end; null at the end of the file, also where half a line is left. */
  private static byte @Nullable [] nextLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0; b = in.read()) {
      if (b == '\n') {
        return line.toByteArray();
      }
      line.write(b);
    }
    return null;
  }

  private static Metric parse(Path file, List<Line> before, byte[] line) {
    String place = file + ", line " + (before.size() + 1);
    Metric metric;
    try {
      metric = READER.readValue(line);
    } catch (JacksonException e) {
      throw new TrainingException(place, "is no event: " + e.getOriginalMessage(), null, e);
    }
    if (!before.isEmpty() && metric.step() < before.getLast().metric().step()) {
      throw new TrainingException(
          place,
          "step " + metric.step() + " after step " + before.getLast().metric().step(),
          "two runs may have written to this file; resume from a checkpoint");
    }
    return metric;
  }

  private static TrainingException failed(Path file, IOException e) {
    return new TrainingException(
        file, "cannot be written: " + e, "check free space and permissions", e);
  }
}
