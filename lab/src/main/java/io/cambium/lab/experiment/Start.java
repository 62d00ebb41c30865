package io.cambium.lab.experiment;

import io.cambium.training.config.ModelSizes;
import io.cambium.upcycle.dense.DenseSettings;
import java.nio.file.Path;
import java.util.Optional;

/** The model that a run begins with, and how it comes to be. */
sealed interface Start {

  Path directory();

  /** The checkpoint that has to be there before. */
  default Optional<Path> needs() {
    return Optional.empty();
  }

  /** A checkpoint that the file names. */
  record Given(Path directory) implements Start {}

  /**
   * New weights.
   *
   * @param data the corpus whose tokenizer and vocabulary the model has
   */
  record Fresh(Path directory, ModelSizes sizes, Path data, long seed) implements Start {}

  /**
   * A checkpoint that another run of the same seed leaves, with its training state.
   *
   * @param run its name
   * @param step after which it is left
   */
  record Saved(Path directory, String run, int step) implements Start {
    @Override
    public Optional<Path> needs() {
      return Optional.of(directory);
    }
  }

  /** Experts of a dense model. */
  record Upcycled(Path directory, Start dense, DenseSettings settings, long seed) implements Start {
    @Override
    public Optional<Path> needs() {
      return dense.needs();
    }
  }
}
