package io.cambium.training.metrics;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Follows the log of a run that goes on. A run that resumes cuts its log back to a checkpoint: then
 * all is read anew.
 */
public final class MetricsTail {

  /** Who is told. */
  public interface Follower {

    /** Nothing told so far counts any more; the log follows from its beginning. */
    void restarted();

    /** The next event. */
    void event(Metric metric);
  }

  private final Path file;
  private MetricsReader.Position position = MetricsReader.Position.START;
  private byte[] lastLine = {};

  /**
   * @param file which need not exist yet
   */
  public MetricsTail(Path file) {
    this.file = file;
  }

  /**
   * Tells what came since the last time.
   *
   * @return whether there was anything
   * @throws TrainingException naming a line that is malformed
   */
  public boolean poll(Follower follower) {
    boolean cut = !Arrays.equals(lineBefore(position.offset(), lastLine.length), lastLine);
    if (cut) {
      position = MetricsReader.Position.START;
      lastLine = new byte[0];
      follower.restarted();
    }
    return (Files.exists(file) && read(follower)) || cut;
  }

  private boolean read(Follower follower) {
    long before = position.lines();
    long lastOffset = position.offset() - lastLine.length;
    try (MetricsReader reader = new MetricsReader(file, position)) {
      for (Metric event = reader.next(); event != null; event = reader.next()) {
        lastOffset = position.offset();
        position = reader.position();
        follower.event(event);
      }
    }
    lastLine = lineBefore(position.offset(), Math.toIntExact(position.offset() - lastOffset));
    return position.lines() > before;
  }

  /** So many bytes before an offset; fewer where the file has not that many any more. */
  private byte[] lineBefore(long offset, int length) {
    if (length == 0 || !Files.exists(file)) {
      return new byte[0];
    }
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      byte[] line = new byte[length];
      log.seek(offset - length);
      int read = Math.max(0, log.read(line));
      return Arrays.copyOf(line, read);
    } catch (IOException e) {
      throw new TrainingException(file, "cannot be read: " + e, null, e);
    }
  }
}
