package io.cambium.checkpoint;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
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
   * A multiple of a disk's blocks and of any system's pages: two threads that write the same page,
   * one past the cache and one through it, would lose each other's bytes. A file system that asks
   * for more, as networked ones do with their 1 MB, is used through the cache.
   */
  private static final int BLOCK = 1 << 16;

  /** Most bytes of one transfer. */
  private static final int BUFFER_BYTES = 8 << 20;

  /** Below this the cache is the faster way. */
  private static final int LEAST_DIRECT_BYTES = 1 << 20;

  /** Transfers at the same time: enough for any disk, and 128 MB however many threads there are. */
  private static final Semaphore TRANSFERS = new Semaphore(16);

  private static final Queue<ByteBuffer> BUFFERS = new ConcurrentLinkedQueue<>();

  /** {@code -Dcambium.direct=false} is for file systems that refuse later than at opening. */
  private static final boolean WANTED =
      !"false".equalsIgnoreCase(System.getProperty("cambium.direct"));

  private final FileChannel cached;
  private final @Nullable FileChannel direct;

  /** What addresses in memory have to be multiples of, bytes; of no concern through the cache. */
  private final long alignment;

  private DirectFile(FileChannel cached, @Nullable FileChannel direct, long alignment) {
    this.cached = cached;
    this.direct = direct;
    this.alignment = alignment;
  }

  /** Opens a file for writing, and for reading what was written; it may exist. */
  static DirectFile forWriting(Path path) throws IOException {
    return open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static DirectFile open(Path path, OpenOption... options) throws IOException {
    FileChannel cached = FileChannel.open(path, options);
    try {
      long alignment = alignment(path);
      FileChannel direct = suits(alignment) ? direct(path, options) : null;
      return new DirectFile(cached, direct, direct == null ? 1 : alignment);
    } catch (IOException | RuntimeException e) {
      cached.close();
      throw e;
    }
  }

  /** Null where the file system refuses; a disk that fails is no such case. */
  private static @Nullable FileChannel direct(Path path, OpenOption... options) throws IOException {
    if (!WANTED) {
      return null;
    }
    Set<OpenOption> all = new HashSet<>(List.of(options));
    all.add(ExtendedOpenOption.DIRECT);
    try {
      return FileChannel.open(path, all);
    } catch (UnsupportedOperationException _) {
      return null;
    } catch (FileSystemException e) {
      // The same file was opened just now, so that what has no class of its own is EINVAL; its
      // text is in the user's language.
      if (e.getClass() == FileSystemException.class) {
        return null;
      }
      throw e;
    }
  }

  /** Whether our transfers begin and end where such a file system wants it; some report 0. */
  static boolean suits(long alignment) {
    return alignment > 0 && BLOCK % alignment == 0;
  }

  /** A block's size is not known of every file system, and the mount point not everywhere. */
  private static long alignment(Path path) {
    try {
      return Files.getFileStore(path).getBlockSize();
    } catch (IOException | UnsupportedOperationException _) {
      return BLOCK;
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
   * Writes a piece, from any thread: from where it lies, if it is outside of the heap, at an
   * address that is a multiple of the disk's blocks wherever its place in the file is one.
   *
   * @param data of any kind of memory
   * @param checksum updated with what is handed to the system
   */
  void write(MemorySegment data, long position, Checksum checksum) throws IOException {
    // A mapped file may become shorter, and the checksum's own loop ends the process then.
    boolean inPlace =
        data.isNative() && !data.isMapped() && (data.address() - position) % alignment == 0;
    if (inPlace) {
      write(data, position, checksum, MemorySegment::asByteBuffer);
      return;
    }
    ByteBuffer buffer = takeBuffer();
    try {
      write(data, position, checksum, part -> copy(part, buffer));
    } finally {
      giveBack(buffer);
    }
  }

  private void write(
      MemorySegment data,
      long position,
      Checksum checksum,
      Function<MemorySegment, ByteBuffer> transferred)
      throws IOException {
    for (long done = 0; done < data.byteSize(); ) {
      int bytes = transferBytes(position + done, data.byteSize() - done);
      ByteBuffer piece = transferred.apply(data.asSlice(done, bytes));
      checksum.update(piece.duplicate());
      write(piece, position + done);
      done += bytes;
    }
  }

  private static ByteBuffer copy(MemorySegment data, ByteBuffer buffer) {
    ByteBuffer piece = buffer.slice(0, Math.toIntExact(data.byteSize()));
    MemorySegment.ofBuffer(piece).copyFrom(data);
    return piece;
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
    if (direct != null && isWholeBlocks(position) && isWholeBlocks(piece.remaining())) {
      position += direct.write(piece, position);
    }
    while (piece.hasRemaining()) {
      position += cached.write(piece, position);
    }
  }

  private static boolean isWholeBlocks(long bytes) {
    return (bytes & (BLOCK - 1)) == 0;
  }

  private static ByteBuffer takeBuffer() {
    TRANSFERS.acquireUninterruptibly();
    ByteBuffer buffer = BUFFERS.poll();
    return buffer != null
        ? buffer.clear()
        : ByteBuffer.allocateDirect(BUFFER_BYTES + BLOCK).alignedSlice(BLOCK);
  }

  private static void giveBack(ByteBuffer buffer) {
    BUFFERS.add(buffer);
    TRANSFERS.release();
  }

  /** Reads a whole file in order, from the disk itself where the file system takes that. */
  static void read(Path path, Checksums.Reader reader) throws IOException {
    try (DirectFile file = open(path, StandardOpenOption.READ)) {
      file.read(0, file.size(), reader);
    }
  }

  /** Reads some of it in order, from any thread. */
  void read(long from, long to, Checksums.Reader reader) throws IOException {
    ByteBuffer buffer = takeBuffer();
    try {
      for (long position = from; position < to; ) {
        buffer.clear().limit(BUFFER_BYTES);
        int bytes = (int) Math.min(read(buffer, position), to - position);
        if (bytes <= 0) {
          throw new IOException("it ends at byte " + position + " of " + to);
        }
        reader.read(position, buffer.flip().limit(bytes));
        position += bytes;
      }
    } finally {
      giveBack(buffer);
    }
  }

  /** What a disk gave less of than was asked for goes on through the cache. */
  private int read(ByteBuffer buffer, long position) throws IOException {
    return direct != null && isWholeBlocks(position)
        ? direct.read(buffer, position)
        : cached.read(buffer, position);
  }

  /** Bytes in all. */
  long size() throws IOException {
    return cached.size();
  }

  /** Flushes to the disk. */
  void force() throws IOException {
    cached.force(true);
  }

  @Override
  public void close() throws IOException {
    try (cached) {
      if (direct != null) {
        direct.close();
      }
    }
  }
}
