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
 * like any other.
 *
 * <p>Data stays valid until {@link #close()}.
 */
public final class SafetensorsFile implements AutoCloseable {

  private final Path path;
  private final SafetensorsHeader header;
  private final Arena arena;
  private final MemorySegment data;

  private SafetensorsFile(Path path, SafetensorsHeader header, Arena arena, MemorySegment data) {
    this.path = path;
    this.header = header;
    this.arena = arena;
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
      SafetensorsHeader header = SafetensorsHeaderReader.read(channel, path);
      MemorySegment data =
          channel.map(
              FileChannel.MapMode.READ_ONLY, header.dataOffset(), header.dataBytes(), arena);
      return new SafetensorsFile(path, header, arena, data);
    } catch (IOException e) {
      arena.close();
      throw CheckpointException.unreadable(path, e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
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
    return data.asSlice(entry.begin(), entry.bytes());
  }

  @Override
  public void close() {
    arena.close();
  }
}
