package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Writes one safetensors file whose layout is known before the first byte of data. Tensors may be
 * written in any order, whole or in pieces, from several threads. The file has the name {@code
 * NAME.partial} until it is closed complete.
 *
 * <p>Plain positioned writes, not a mapping: a full disk is then an error and not a crash.
 */
public final class SafetensorsWriter implements AutoCloseable {

  private final Path path;
  private final Path partial;
  private final SafetensorsHeader header;
  private final DirectFile file;
  private final long bytesBefore;
  private final boolean kept;
  private final Map<String, Long> missingBytes = new TreeMap<>();
  private volatile boolean failed;

  /**
   * @param bytesBefore how long the file was before
   * @param kept whether an incomplete file is left to be gone on with
   */
  private SafetensorsWriter(
      Path path, SafetensorsHeader header, DirectFile file, long bytesBefore, boolean kept) {
    this.path = path;
    this.partial = partial(path);
    this.header = header;
    this.file = file;
    this.bytesBefore = bytesBefore;
    this.kept = kept;
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
    return begin(path, tensors, metadata);
  }

  /**
   * The same over a file that may exist, which stays until the new one is complete. What a link
   * points to, and not the link, is replaced; a link to nothing is replaced itself.
   *
   * @throws UsageException if something exists that is no file
   * @throws CheckpointException if it cannot be written
   */
  public static SafetensorsWriter replace(
      Path path, List<TensorSpec> tensors, Map<String, String> metadata) {
    if (!Files.exists(path)) {
      return begin(path, tensors, metadata);
    }
    if (!Files.isRegularFile(path)) {
      throw new UsageException(path, "is no file", "choose another name");
    }
    try {
      return begin(path.toRealPath(), tensors, metadata);
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    }
  }

  private static SafetensorsWriter begin(
      Path path, List<TensorSpec> tensors, Map<String, String> metadata) {
    try {
      Files.deleteIfExists(partial(path));
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    }
    return open(path, tensors, metadata, false);
  }

  /**
   * Goes on with a file that {@link #suspend()} or a killed process left, or begins it. What was
   * written before is told by {@link #alreadyWritten}. Such a file is never deleted, whatever
   * fails.
   *
   * @param tensors the same as before
   * @throws CheckpointException if it cannot be written
   */
  public static SafetensorsWriter resume(
      Path path, List<TensorSpec> tensors, Map<String, String> metadata) {
    try {
      if (Files.exists(path)) {
        Files.move(path, partial(path), StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    }
    return open(path, tensors, metadata, true);
  }

  private static SafetensorsWriter open(
      Path path, List<TensorSpec> tensors, Map<String, String> metadata, boolean kept) {
    SafetensorsHeader header = SafetensorsHeader.layout(tensors, metadata);
    Path partial = partial(path);
    try {
      long bytesBefore = Files.exists(partial) ? Files.size(partial) : 0;
      DirectFile file = DirectFile.forWriting(partial);
      SafetensorsWriter writer = new SafetensorsWriter(path, header, file, bytesBefore, kept);
      writer.writeHeader();
      return writer;
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    }
  }

  private static Path partial(Path path) {
    return path.resolveSibling(path.getFileName() + ".partial");
  }

  private void writeHeader() throws IOException {
    try {
      file.write(MemorySegment.ofBuffer(header.encode()), 0, new CRC32C());
    } catch (IOException e) {
      abandon();
      throw e;
    }
  }

  /** Whether large pieces go past the system's cache. */
  boolean isDirect() {
    return file.isDirect();
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
    write(name, offset, data, new CRC32C());
  }

  /**
   * The same.
   *
   * @param checksum updated with the bytes as they are handed to the system
   */
  public void write(String name, long offset, MemorySegment data, Checksum checksum) {
    long position = position(name, offset, data.byteSize());
    try {
      file.write(data, position, checksum);
    } catch (IOException e) {
      failed = true;
      throw CheckpointException.unwritable(path, e);
    }
    alreadyWritten(name, data.byteSize());
  }

  /**
   * Where a byte of a tensor lies in the file. Data outside of the heap whose address is the same
   * modulo the disk's blocks is written from where it lies, without a copy.
   */
  public long position(String name, long offset) {
    return position(name, offset, 0);
  }

  private long position(String name, long offset, long bytes) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null || offset < 0 || bytes > entry.bytes() - offset) {
      throw new IllegalArgumentException(
          path + " has no place for " + bytes + " bytes at " + offset + " of " + name);
    }
    return header.dataOffset() + entry.begin() + offset;
  }

  /** Whether the file was long enough to hold bytes of a tensor already when it was opened. */
  public boolean held(String name, long offset, long bytes) {
    return position(name, offset, bytes) + bytes <= bytesBefore;
  }

  /** The CRC-32C of bytes of a tensor that are in the file, from any thread. */
  public int crc32c(String name, long offset, long bytes) {
    long position = position(name, offset, bytes);
    CRC32C checksum = new CRC32C();
    try {
      file.read(position, position + bytes, (_, data) -> checksum.update(data));
    } catch (IOException e) {
      throw CheckpointException.unreadable(partial, e);
    }
    return (int) checksum.getValue();
  }

  /** Counts bytes of a tensor as written. */
  public void alreadyWritten(String name, long written) {
    synchronized (missingBytes) {
      missingBytes.computeIfPresent(
          name, (_, missing) -> missing == written ? null : missing - written);
    }
  }

  /** Flushes what was written to the disk; of a closed file nothing is left to be flushed. */
  public synchronized void force() {
    try {
      if (file.isOpen()) {
        file.force();
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
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
   * Flushes a complete file to the disk and gives it its name; deletes an incomplete one, unless it
   * is gone on with. Closing again does nothing.
   *
   * @throws IllegalStateException if the file is incomplete though the disk refused nothing
   * @throws CheckpointException if the disk refuses
   */
  @Override
  public synchronized void close() {
    if (!file.isOpen()) {
      return;
    }
    try {
      if (!failed) {
        requireComplete();
        file.force();
        file.close();
        Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(path, e);
    } finally {
      abandon();
    }
  }

  /** Closes, and deletes the file unless it already has its name or is gone on with. */
  synchronized void abandon() {
    try {
      file.close();
      if (!kept) {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(partial, e);
    }
  }

  /** Closes, and leaves an incomplete file under {@code NAME.partial} to be gone on with. */
  public synchronized void suspend() {
    try {
      file.close();
    } catch (IOException e) {
      throw CheckpointException.unwritable(partial, e);
    }
  }
}
