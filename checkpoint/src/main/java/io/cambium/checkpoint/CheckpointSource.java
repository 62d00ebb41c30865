package io.cambium.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a checkpoint's files come from. When it is opened, what says what the weights are is in
 * {@link #directory()}; the rest may still be elsewhere. Many threads may ask it at once.
 */
public interface CheckpointSource extends AutoCloseable {

  /** Files on this machine: a directory, or one weight file with config.json beside it. */
  static CheckpointSource of(Path path) {
    return new LocalFiles(path);
  }

  /** What {@link CheckpointDirectory#open(Path)} takes for the same checkpoint, once complete. */
  Path path();

  /** Holds config.json, and the weights under their names when they are here. */
  Path directory();

  /** Whether the path names a revision, whose files are never others. */
  default boolean isRevision() {
    return false;
  }

  /** The file that holds all weights; empty where an index names several. */
  default Optional<String> singleFile() {
    return Files.exists(directory().resolve(CheckpointDirectory.SINGLE_FILE))
        ? Optional.of(CheckpointDirectory.SINGLE_FILE)
        : Optional.empty();
  }

  /**
   * Opens a weight file by its header.
   *
   * @param name a plain file name
   * @throws CheckpointException if it is missing or malformed
   */
  default SafetensorsFile open(String name) {
    return SafetensorsFile.open(directory().resolve(name));
  }

  /** Hexadecimal SHA-256 of a weight file. */
  default String sha256(String name) {
    return Checksums.sha256(directory().resolve(name));
  }

  /** Brings the files beside weights and config.json: tokenizer, chat template, licence. */
  default void fetchCompanions() {}

  /**
   * Begins to bring weights here that are elsewhere. From now on data that is asked for waits until
   * its whole file is here and checked.
   */
  default void fetch() {}

  /**
   * Returns when all weights are here.
   *
   * @throws CheckpointException if one does not arrive
   */
  default void complete() {}

  /** Ends what is under way; what has arrived stays for the next time. */
  @Override
  default void close() {}
}
