package io.cambium.checkpoint;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.Checksum;
import org.jspecify.annotations.Nullable;

/**
 * A file that is written or read past the system's cache where the file system takes that (O_DIRECT
 * on Linux): a checkpoint is larger than the cache and would only pass through it, at a third of
 * the disk's speed. Elsewhere, and for small pieces, it is a file like any other.
 *
 * <p>Direct transfers cover whole blocks of the file; what lies before and after them in a piece
 * goes through the cache, so that neighbouring pieces can be written at the same time.
 */
final class DirectFile implements AutoCloseable {

  /**
   * A multiple of any disk's blocks and of any system's pages: two threads that write the same
   * page, one past the cache and one through it, would lose each other's bytes.
   */
  private static final int BLOCK = 1 << 16;

  /** Most bytes of one transfer. */
  private static final int BUFFER_BYTES = 8 << 20;

  /** Below this the cache is the faster way. */
  private static final int LEAST_DIRECT_BYTES = 1 << 20;

  /** As many as there were threads at once. */
  private static final Queue<ByteBuffer> BUFFERS = new ConcurrentLinkedQueue<>();

  private final FileChannel cached;
  private volatile @Nullable FileChannel direct;

  private DirectFile(FileChannel cached, @Nullable FileChannel direct) {
    this.cached = cached;
    this.direct = direct;
  }

  /** Opens a file for writing; it may exist. */
  static DirectFile forWriting(Path path) throws IOException {
    FileChannel cached =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    return new DirectFile(cached, direct(path, StandardOpenOption.WRITE));
  }

  private static @Nullable FileChannel direct(Path path, StandardOpenOption mode) {
    try {
      return FileChannel.open(path, mode, ExtendedOpenOption.DIRECT);
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }

  boolean isOpen() {
    return cached.isOpen();
  }

  /** Whether large pieces go past the cache. */
  boolean isDirect() {
    return direct != null;
  }

  /**
   * Writes a piece, from any thread.
   *
   * @param data of any kind of memory
   * @param checksum updated with what is handed to the system
   */
  void write(MemorySegment data, long position, Checksum checksum) throws IOException {
    ByteBuffer buffer = takeBuffer();
    try {
      for (long done = 0; done < data.byteSize(); ) {
        int bytes = transferBytes(position + done, data.byteSize() - done);
        ByteBuffer piece = buffer.slice(0, bytes);
        MemorySegment.ofBuffer(piece).copyFrom(data.asSlice(done, bytes));
        checksum.update(piece.duplicate());
        write(piece, position + done);
        done += bytes;
      }
    } finally {
      BUFFERS.add(buffer);
    }
  }

  /** Up to a block's beginning, then whole blocks, then the rest. */
  private static int transferBytes(long position, long left) {
    long before = -position & (BLOCK - 1);
    if (left - before < LEAST_DIRECT_BYTES) {
      return Math.toIntExact(left);
    }
    return Math.toIntExact(before > 0 ? before : Math.min(left & -BLOCK, BUFFER_BYTES));
  }

  private void write(ByteBuffer piece, long position) throws IOException {
    FileChannel past = direct;
    if (past != null && ((position | piece.remaining()) & (BLOCK - 1)) == 0) {
      try {
        position += past.write(piece, position);
      } catch (IOException e) {
        // Some file systems open a file this way and then refuse to write so.
        direct = null;
      }
    }
    while (piece.hasRemaining()) {
      position += cached.write(piece, position);
    }
  }

  private static ByteBuffer takeBuffer() {
    ByteBuffer buffer = BUFFERS.poll();
    return buffer != null
        ? buffer.clear()
        : ByteBuffer.allocateDirect(BUFFER_BYTES + BLOCK).alignedSlice(BLOCK);
  }

  /** Reads a whole file from the disk itself, in order. */
  static void read(Path path, Checksums.Reader reader) throws IOException {
    ByteBuffer buffer = takeBuffer();
    try (FileChannel cached = FileChannel.open(path, StandardOpenOption.READ);
        FileChannel past = direct(path, StandardOpenOption.READ)) {
      FileChannel channel = past == null ? cached : past;
      long size = cached.size();
      for (long position = 0; position < size; ) {
        buffer.clear().limit(BUFFER_BYTES);
        int bytes = channel.read(buffer, position);
        if (bytes <= 0) {
          throw new IOException("it ends at byte " + position + " of " + size);
        }
        reader.read(position, buffer.flip());
        position += bytes;
      }
    } finally {
      BUFFERS.add(buffer);
    }
  }

  /** Flushes to the disk. */
  void force() throws IOException {
    cached.force(true);
  }

  @Override
  public void close() throws IOException {
    FileChannel past = direct;
    try (cached) {
      if (past != null) {
        past.close();
      }
    }
  }
}
