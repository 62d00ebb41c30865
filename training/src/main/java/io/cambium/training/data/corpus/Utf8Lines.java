package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The lines of a UTF-8 file, without their ends, in memory bounded by the longest line. */
final class Utf8Lines implements Iterator<Utf8Lines.Line>, AutoCloseable {

  /**
   * @param number from 1
   */
  record Line(long number, String text) {}

  private static final int BUFFER_BYTES = 1 << 16;

  private final Path path;
  private final InputStream in;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int at;
  private int end;
  private long offset;
  private long number;

  private Utf8Lines(Path path, InputStream in) {
    this.path = path;
    this.in = in;
  }

  /**
   * Opens a file. The caller closes the stream; reading it throws {@link UsageException} at the
   * first byte that is no UTF-8.
   */
  static Stream<Line> of(Path path) {
    try {
      Utf8Lines lines = new Utf8Lines(path, Files.newInputStream(path));
      int order = Spliterator.ORDERED | Spliterator.NONNULL;
      return StreamSupport.stream(Spliterators.spliteratorUnknownSize(lines, order), false)
          .onClose(lines::close);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  static CheckpointException unreadable(Path path, IOException e) {
    return new CheckpointException(path, "cannot be read: " + e, null, e);
  }

  @Override
  public boolean hasNext() {
    if (at == end) {
      try {
        end = Math.max(0, in.read(buffer));
        at = 0;
      } catch (IOException e) {
        throw unreadable(path, e);
      }
    }
    return at < end;
  }

  @Override
  public Line next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    boolean ended = false;
    while (!ended && hasNext()) {
      int newline = at;
      while (newline < end && buffer[newline] != '\n') {
        newline++;
      }
      line.write(buffer, at, newline - at);
      ended = newline < end;
      at = ended ? newline + 1 : end;
      Utf8.requireShort(path, line.size());
    }
    String text = Utf8.decode(line.toByteArray(), path, offset);
    offset += line.size() + (ended ? 1 : 0);
    return new Line(++number, text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }
}
