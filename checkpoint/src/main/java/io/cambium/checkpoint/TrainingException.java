package io.cambium.checkpoint;

import org.jspecify.annotations.Nullable;

/** A training run that cannot go on. */
public final class TrainingException extends CambiumException {

  /**
   * @param place file, tensor or configuration path the error belongs to
   * @param what what is wrong there
   * @param remedy what the user can do
   */
  public TrainingException(@Nullable Object place, String what, @Nullable String remedy) {
    super(place, what, remedy, null);
  }

  public TrainingException(
      @Nullable Object place, String what, @Nullable String remedy, Throwable cause) {
    super(place, what, remedy, cause);
  }
}
