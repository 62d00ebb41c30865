package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The data of an open safetensors file. */
sealed interface SafetensorsData extends AutoCloseable {

  /** A tensor's bytes, valid until {@link #close()}. */
  MemorySegment of(TensorEntry entry);

  @Override
  void close();

  /** A file that is here, mapped into memory. */
  record Mapped(Arena arena, MemorySegment all) implements SafetensorsData {

    @Override
    public MemorySegment of(TensorEntry entry) {
      return all.asSlice(entry.begin(), entry.bytes());
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** A file that is elsewhere: single tensors are read there until it arrives. */
  final class Arriving implements SafetensorsData {

    private final ArrivingFile file;
    private final SafetensorsHeader header;
    private @Nullable SafetensorsFile here;

    Arriving(ArrivingFile file, SafetensorsHeader header) {
      this.file = file;
      this.header = header;
    }

    @Override
    public MemorySegment of(TensorEntry entry) {
      Optional<Path> arrived = file.arrived();
      return arrived.isPresent()
          ? opened(arrived.get()).data(entry.spec().name())
          : readThere(entry);
    }

    private synchronized SafetensorsFile opened(Path arrived) {
      if (here == null) {
        SafetensorsFile opened = SafetensorsFile.open(arrived);
        if (!opened.tensors().equals(header.tensors())) {
          opened.close();
          throw new CheckpointException(
              arrived, "is not the file whose header was read before", "start again");
        }
        here = opened;
      }
      return here;
    }

    private MemorySegment readThere(TensorEntry entry) {
      // Nobody knows when the last of them is done with it.
      MemorySegment bytes = Arena.ofAuto().allocate(entry.bytes(), Long.BYTES);
      try {
        file.read(header.dataOffset() + entry.begin(), bytes);
      } catch (IOException e) {
        throw CheckpointException.unreadable(file.path(), e);
      }
      return bytes;
    }

    @Override
    public synchronized void close() {
      if (here != null) {
        here.close();
      }
    }
  }
}
