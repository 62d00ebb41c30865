package io.cambium.checkpoint;

import java.nio.file.Path;
import java.util.Optional;

/** A weight file that is elsewhere and can be read there, or is on its way. */
public interface ArrivingFile extends RandomAccessBytes {

  /** Where it will lie. */
  Path path();

  /**
   * Waits for a file that is on its way.
   *
   * @return where it lies by now; empty for one that nobody has sent for
   * @throws CheckpointException if it does not arrive
   */
  Optional<Path> arrived();
}
