package io.cambium.checkpoint;

import org.jspecify.annotations.Nullable;

/** A command, option or configuration that asks for what cannot be done. */
public final class UsageException extends CambiumException {

  /**
   * @param place file, tensor or configuration path the error belongs to
   * @param what what is wrong there
   * @param remedy what the user can do
   */
  public UsageException(@Nullable Object place, String what, @Nullable String remedy) {
    super(place, what, remedy, null);
  }

  public UsageException(
      @Nullable Object place, String what, @Nullable String remedy, Throwable cause) {
    super(place, what, remedy, cause);
  }

  @Override
  public int exitCode() {
    return USAGE;
  }
}
