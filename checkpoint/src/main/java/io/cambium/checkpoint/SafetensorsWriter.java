package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes one safetensors file whose layout is known before the first byte of data. Tensors may be
 * written in any order, whole or in pieces, from several threads. The file has the name {@code
 * NAME.partial} until it is closed complete.
 *
 * <p>Plain positioned writes, not a mapping: a full disk is then an error and not a crash.
 */
public final class SafetensorsWriter implements AutoCloseable {

  /** Upper bound of one write, well below the 2 GiB of a ByteBuffer. */
  private static final long CHUNK_BYTES = 1L << 26;

  private final Path path;
  private final Path partial;
  private final SafetensorsHeader header;
  private final FileChannel channel;
  private final Map<String, Long> missingBytes = new TreeMap<>();
  private volatile boolean failed;

  private SafetensorsWriter(
      Path path, Path partial, SafetensorsHeader header, FileChannel channel) {
    this.path = path;
    this.partial = partial;
    this.header = header;
    this.channel = channel;
    header.tensors().values().stream()
        .filter(entry -> entry.bytes() > 0)
        .forEach(entry -> missingBytes.put(entry.spec().name(), entry.bytes()));
  }

  /**
   * Creates the file and writes its header. What an earlier run left under {@code NAME.partial} is
   * replaced.
   *
   * @throws UsageException if the file exists
   * @throws CheckpointException if it cannot be written
   */
  public static SafetensorsWriter create(
      Path path, List<TensorSpec> tensors, Map<String, String> metadata) {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new UsageException(path, "exists already", "choose another name or delete it");
    }
    SafetensorsHeader header = SafetensorsHeader.layout(tensors, metadata);
    Path partial = path.resolveSibling(path.getFileName() + ".partial");
    try {
      Files.deleteIfExists(partial);
      FileChannel channel =
          FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      SafetensorsWriter writer = new SafetensorsWriter(path, partial, header, channel);
      writer.writeHeader();
      return writer;
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    }
  }

  private void writeHeader() throws IOException {
    try {
      writeFully(header.encode(), 0);
    } catch (IOException e) {
      abandon();
      throw e;
    }
  }

  /** Writes a whole tensor. */
  public void write(String name, MemorySegment data) {
    write(name, 0, data);
  }

  /**
   * Writes a piece of a tensor, {@code offset} bytes from its start. Pieces must not overlap.
   *
   * @param data little-endian elements, native or of an array of any type
   * @throws CheckpointException if the disk refuses
   */
  public void write(String name, long offset, MemorySegment data) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null || offset < 0 || data.byteSize() > entry.bytes() - offset) {
      throw new IllegalArgumentException(
          path + " has no place for " + data.byteSize() + " bytes at " + offset + " of " + name);
    }
    long position = header.dataOffset() + entry.begin() + offset;
    try {
      for (long done = 0; done < data.byteSize(); done += CHUNK_BYTES) {
        long bytes = Math.min(CHUNK_BYTES, data.byteSize() - done);
        writeFully(buffer(data.asSlice(done, bytes)), position + done);
      }
    } catch (IOException e) {
      failed = true;
      throw CheckpointException.unwritable(path, e);
    }
    synchronized (missingBytes) {
      missingBytes.computeIfPresent(
          name, (_, bytes) -> bytes == data.byteSize() ? null : bytes - data.byteSize());
    }
  }

  /**
   * Asserts that every byte of every tensor was written.
   *
   * @throws IllegalStateException otherwise, with the names
   */
  public void requireComplete() {
    synchronized (missingBytes) {
      if (!missingBytes.isEmpty()) {
        throw new IllegalStateException(path + " lacks data of " + missingBytes.keySet());
      }
    }
  }

  /**
   * Flushes a complete file to the disk and gives it its name; deletes an incomplete one. Closing
   * again does nothing.
   *
   * @throws IllegalStateException if the file is incomplete though the disk refused nothing
   * @throws CheckpointException if the disk refuses
   */
  @Override
  public void close() {
    if (!channel.isOpen()) {
      return;
    }
    try {
      if (!failed) {
        requireComplete();
        channel.force(true);
        channel.close();
        Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    } finally {
      abandon();
    }
  }

  /** Closes, and deletes the file unless it already has its name. */
  void abandon() {
    try {
      channel.close();
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      throw CheckpointException.unwritable(partial, e);
    }
  }

  /** Of arrays in the heap only those of bytes can be seen as a buffer; others are copied. */
  private static ByteBuffer buffer(MemorySegment data) {
    return data.isNative() || data.heapBase().orElse(null) instanceof byte[]
        ? data.asByteBuffer()
        : ByteBuffer.wrap(data.toArray(ValueLayout.JAVA_BYTE));
  }

  private void writeFully(ByteBuffer buffer, long position) throws IOException {
    while (buffer.hasRemaining()) {
      position += channel.write(buffer, position);
    }
  }
}
