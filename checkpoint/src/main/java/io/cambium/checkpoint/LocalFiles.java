package io.cambium.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * A checkpoint that is here.
 *
 * @param path a directory, or one weight file with config.json beside it
 */
record LocalFiles(Path path) implements CheckpointSource {

  private static final String WEIGHTS = ".safetensors";

  @Override
  public Path directory() {
    return isOneFile() ? Objects.requireNonNullElse(path.getParent(), Path.of("")) : path;
  }

  @Override
  public Optional<String> singleFile() {
    return isOneFile()
        ? Optional.of(path.getFileName().toString())
        : CheckpointSource.super.singleFile();
  }

  private boolean isOneFile() {
    return path.toString().endsWith(WEIGHTS) && Files.isRegularFile(path);
  }
}
