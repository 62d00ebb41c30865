package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A small file that appears under its name only when it is complete: written as {@code
 * NAME.partial}, flushed to the disk, then renamed. Whoever is killed here leaves the file that was
 * there before, or none.
 */
public final class AtomicFile {

  private AtomicFile() {}

  /**
   * Writes a file, over an existing one; what a link points to, and not the link, is replaced. A
   * device or a pipe is written to as it is.
   *
   * @throws CheckpointException if the disk refuses
   */
  public static void write(Path file, byte[] bytes) {
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        Files.write(file, bytes);
        return;
      }
      Path target = Files.exists(file) ? file.toRealPath() : file;
      Path partial = target.resolveSibling(target.getFileName() + ".partial");
      try {
        writeFlushed(partial, bytes);
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  /** The same of text, in UTF-8. */
  public static void write(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void writeFlushed(Path file, byte[] bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        channel.write(left);
      }
      channel.force(true);
    }
  }
}
