package io.cambium.checkpoint;

import org.jspecify.annotations.Nullable;

/** A written result that does not compute what was promised. */
public final class VerificationException extends CambiumException {

  /**
   * @param place file, tensor or configuration path the error belongs to
   * @param what what is wrong there
   * @param remedy what the user can do
   */
  public VerificationException(@Nullable Object place, String what, @Nullable String remedy) {
    super(place, what, remedy, null);
  }

  public VerificationException(
      @Nullable Object place, String what, @Nullable String remedy, Throwable cause) {
    super(place, what, remedy, cause);
  }
}
