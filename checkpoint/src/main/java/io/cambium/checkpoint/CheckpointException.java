package io.cambium.checkpoint;

import org.jspecify.annotations.Nullable;

/** A checkpoint, tokenizer or token shard that is broken, incomplete or not supported. */
public final class CheckpointException extends CambiumException {

  /**
   * @param place file, tensor or configuration path the error belongs to
   * @param what what is wrong there
   * @param remedy what the user can do
   */
  public CheckpointException(@Nullable Object place, String what, @Nullable String remedy) {
    super(place, what, remedy, null);
  }

  public CheckpointException(
      @Nullable Object place, String what, @Nullable String remedy, Throwable cause) {
    super(place, what, remedy, cause);
  }
}
