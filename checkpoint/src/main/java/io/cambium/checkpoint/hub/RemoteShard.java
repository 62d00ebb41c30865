package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.ArrivingFile;
import io.cambium.checkpoint.SafetensorsFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/** A weight file on the Hub. */
final class RemoteShard implements ArrivingFile {

  /** Holds most headers. */
  private static final int FIRST_BYTES = 1 << 16;

  private final HubRepository repository;
  private final HubFile file;
  private final Supplier<Optional<Path>> arrived;
  private MemorySegment beginning = MemorySegment.NULL;

  /**
   * @param arrived waits for the file, where it has been sent for
   */
  RemoteShard(HubRepository repository, HubFile file, Supplier<Optional<Path>> arrived) {
    this.repository = repository;
    this.file = file;
    this.arrived = arrived;
  }

  HubFile file() {
    return file;
  }

  /** Reads the header ahead, so that many shards' can come at once. */
  void readAhead() {
    beginning = begin(Math.min(FIRST_BYTES, file.size()));
    if (beginning.byteSize() >= Long.BYTES) {
      long claimed = beginning.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getLong();
      long header = Long.BYTES + Math.clamp(claimed, 0, SafetensorsFile.MAX_HEADER_BYTES);
      if (header > beginning.byteSize() && header <= file.size()) {
        beginning = begin(header);
      }
    }
  }

  private MemorySegment begin(long bytes) {
    MemorySegment read = MemorySegment.ofBuffer(ByteBuffer.allocate(Math.toIntExact(bytes)));
    repository.read(file, 0, read);
    return read;
  }

  @Override
  public Path path() {
    return repository.directory().resolve(file.name());
  }

  @Override
  public long size() {
    return file.size();
  }

  @Override
  public void read(long position, MemorySegment target) {
    if (position + target.byteSize() <= beginning.byteSize()) {
      target.copyFrom(beginning.asSlice(position, target.byteSize()));
    } else if (target.byteSize() > 0) {
      repository.read(file, position, target);
    }
  }

  @Override
  public Optional<Path> arrived() {
    return arrived.get();
  }
}
