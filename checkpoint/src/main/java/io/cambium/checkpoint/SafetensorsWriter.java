package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes one safetensors file whose layout is known before the first byte of data. Tensors may be
 * written in any order, whole or in pieces. Plain positioned writes, not a mapping: a full disk is
 * then an error and not a crash.
 */
public final class SafetensorsWriter implements AutoCloseable {

  /** Upper bound of one write, well below the 2 GiB of a ByteBuffer. */
  private static final long CHUNK_BYTES = 1L << 26;

  private final Path path;
  private final SafetensorsHeader header;
  private final FileChannel channel;
  private final Map<String, Long> missingBytes = new HashMap<>();

  private SafetensorsWriter(Path path, SafetensorsHeader header, FileChannel channel) {
    this.path = path;
    this.header = header;
    this.channel = channel;
    header.tensors().forEach((name, entry) -> missingBytes.put(name, entry.end() - entry.begin()));
  }

  /**
   * Creates the file and writes its header.
   *
   * @throws CheckpointException if the file exists or cannot be written
   */
  public static SafetensorsWriter create(
      Path path, List<TensorSpec> tensors, Map<String, String> metadata) {
    SafetensorsHeader header = SafetensorsHeader.layout(tensors, metadata);
    try {
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      SafetensorsWriter writer = new SafetensorsWriter(path, header, channel);
      writer.writeFully(header.encode(), 0);
      return writer;
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /** Writes a whole tensor. */
  public void write(String name, MemorySegment data) {
    write(name, 0, data);
  }

  /**
   * Writes a piece of a tensor, {@code offset} bytes from its start. Pieces must not overlap.
   *
   * @throws CheckpointException if the disk refuses
   */
  public void write(String name, long offset, MemorySegment data) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null || offset + data.byteSize() > entry.end() - entry.begin()) {
      throw new IllegalArgumentException("no such place: " + name + " at byte " + offset);
    }
    long position = header.dataOffset() + entry.begin() + offset;
    try {
      for (long done = 0; done < data.byteSize(); done += CHUNK_BYTES) {
        long bytes = Math.min(CHUNK_BYTES, data.byteSize() - done);
        writeFully(data.asSlice(done, bytes).asByteBuffer(), position + done);
      }
    } catch (IOException e) {
      throw failed(path, e);
    }
    synchronized (missingBytes) {
      missingBytes.merge(name, -data.byteSize(), Long::sum);
    }
  }

  /** Flushes to the disk and closes. An incomplete file is a bug of the caller and is refused. */
  @Override
  public void close() {
    try (channel) {
      synchronized (missingBytes) {
        missingBytes.values().removeIf(bytes -> bytes == 0);
      }
      channel.force(true);
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /**
   * Asserts that every byte of every tensor was written.
   *
   * @throws IllegalStateException otherwise, with the names
   */
  public void requireComplete() {
    synchronized (missingBytes) {
      missingBytes.values().removeIf(bytes -> bytes == 0);
      if (!missingBytes.isEmpty()) {
        throw new IllegalStateException(path + " lacks data of " + missingBytes.keySet());
      }
    }
  }

  private void writeFully(ByteBuffer buffer, long position) throws IOException {
    long start = position - buffer.position();
    while (buffer.hasRemaining()) {
      channel.write(buffer, start + buffer.position());
    }
  }

  private static CheckpointException failed(Path path, IOException e) {
    return new CheckpointException(
        path, "cannot be written: " + e.getMessage(), "check free space and permissions", e);
  }
}
