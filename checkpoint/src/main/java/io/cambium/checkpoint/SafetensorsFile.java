package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A safetensors file, mapped into memory: opening reads the header only, and files beyond 2 GiB are
 * like any other. Of one that is still elsewhere the header is read there.
 *
 * <p>Data stays valid until {@link #close()}.
 */
public final class SafetensorsFile implements AutoCloseable {

  /** The format's own limit on a header's length. */
  public static final long MAX_HEADER_BYTES = 100_000_000;

  private final Path path;
  private final SafetensorsHeader header;
  private final SafetensorsData data;

  private SafetensorsFile(Path path, SafetensorsHeader header, SafetensorsData data) {
    this.path = path;
    this.header = header;
    this.data = data;
  }

  /**
   * Opens and checks a file against every rule of the format.
   *
   * @throws CheckpointException if the file is missing, truncated, oversized or malformed
   */
  public static SafetensorsFile open(Path path) {
    // Opening a named pipe would wait for a writer.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new CheckpointException(path, "is no regular file", null);
    }
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      SafetensorsHeader header = SafetensorsHeaderReader.read(RandomAccessBytes.of(channel), path);
      MemorySegment data =
          channel.map(
              FileChannel.MapMode.READ_ONLY, header.dataOffset(), header.dataBytes(), arena);
      return new SafetensorsFile(path, header, new SafetensorsData.Mapped(arena, data));
    } catch (IOException e) {
      arena.close();
      throw CheckpointException.unreadable(path, e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /**
   * The same for a file that is elsewhere. Its data is read there, tensor by tensor, until it is
   * sent for; from then on it is waited for, and mapped.
   *
   * @throws CheckpointException if it is malformed or cannot be reached
   */
  public static SafetensorsFile open(ArrivingFile file) {
    try {
      SafetensorsHeader header = SafetensorsHeaderReader.read(file, file.path());
      return new SafetensorsFile(file.path(), header, new SafetensorsData.Arriving(file, header));
    } catch (IOException e) {
      throw CheckpointException.unreadable(file.path(), e);
    }
  }

  public Path path() {
    return path;
  }

  /** Entries by name, in the order of their data. */
  public Map<String, TensorEntry> tensors() {
    return header.tensors();
  }

  /** The free-form strings of the header. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** Where the data begins in the file. */
  public long dataOffset() {
    return header.dataOffset();
  }

  /**
   * A tensor's bytes, little-endian, row-major, without a copy.
   *
   * @throws CheckpointException if there is no such tensor
   */
  public MemorySegment data(String name) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null) {
      throw new CheckpointException(path, "has no tensor \"" + name + "\"", null);
    }
    return data.of(entry);
  }

  @Override
  public void close() {
    data.close();
  }
}
