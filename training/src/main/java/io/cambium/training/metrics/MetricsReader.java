package io.cambium.training.metrics;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.TrainingException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;

/**
 * Reads the events of a log one after the other, so that a long run's need not fit into memory. A
 * half line at the end is left for later.
 */
final class MetricsReader implements AutoCloseable {

  private static final ObjectReader READER = Json.MAPPER.readerFor(Metric.class);

  /**
   * A place between two lines.
   *
   * @param offset in the file
   * @param lines before it
   * @param step of the event before it
   */
  record Position(long offset, long lines, long step) {
    static final Position START = new Position(0, 0, 0);
  }

  private final Path file;
  private final InputStream in;
  private Position position;

  /**
   * Opens a log.
   *
   * @throws TrainingException if it is missing
   */
  MetricsReader(Path file, Position from) {
    this.file = file;
    this.position = from;
    try {
      this.in = new BufferedInputStream(Files.newInputStream(file));
      in.skipNBytes(from.offset());
    } catch (NoSuchFileException e) {
      throw new TrainingException(file, "no such file", "is this a run directory?", e);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Where the next event begins. */
  Position position() {
    return position;
  }

  /**
   * The next event; null at the end.
   *
   * @throws TrainingException naming a line that is malformed, or whose step lies before that of
   *     the line above it
   */
  @Nullable Metric next() {
    byte[] line = nextLine();
    if (line == null) {
      return null;
    }
    Metric metric = parse(line);
    position =
        new Position(position.offset() + line.length + 1, position.lines() + 1, metric.step());
    return metric;
  }

  /** The next line without its end; null at the end of the file, also where half a line is left. */
  private byte @Nullable [] nextLine() {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    try {
      for (int b = in.read(); b >= 0; b = in.read()) {
        if (b == '\n') {
          return line.toByteArray();
        }
        line.write(b);
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
    return null;
  }

  private Metric parse(byte[] line) {
    String place = file + ", line " + (position.lines() + 1);
    Metric metric;
    try {
      metric = READER.readValue(line);
    } catch (JacksonException e) {
      throw new TrainingException(
          place,
          "is no event: " + e.getOriginalMessage(),
          "if another version of Cambium wrote it, read it with that one, or train anew",
          e);
    }
    if (metric.step() < position.step()) {
      throw new TrainingException(
          place,
          "step " + metric.step() + " after step " + position.step(),
          "two runs may have written to this file; resume from a checkpoint");
    }
    return metric;
  }

  private TrainingException unreadable(IOException e) {
    return new TrainingException(file, "cannot be read: " + e, null, e);
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }
}
