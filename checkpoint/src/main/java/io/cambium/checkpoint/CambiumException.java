package io.cambium.checkpoint;

import org.jspecify.annotations.Nullable;

/**
 * Something a user can act on: what is wrong, where, and what to do about it. The command line
 * prints the message alone and exits with {@link #exitCode()}.
 */
public abstract sealed class CambiumException extends RuntimeException
    permits UsageException, CheckpointException, VerificationException, TrainingException {

  /** Exit code of a command whose work failed. */
  public static final int WORK_FAILED = 1;

  /** Exit code of a command that was called or configured wrongly. */
  public static final int USAGE = 2;

  private final String place;
  private final String what;
  private final @Nullable String remedy;

  protected CambiumException(
      @Nullable Object place, String what, @Nullable String remedy, @Nullable Throwable cause) {
    super(message(place, what, remedy), cause);
    this.place = place == null ? "" : place.toString();
    this.what = what;
    this.remedy = remedy;
  }

  /** File, tensor or configuration path the error belongs to; empty for none. */
  public String place() {
    return place;
  }

  /** What is wrong there. */
  public String what() {
    return what;
  }

  /** What the user can do, where that is known. */
  public @Nullable String remedy() {
    return remedy;
  }

  /** The exit code of a command that ends with this error. */
  public int exitCode() {
    return WORK_FAILED;
  }

  private static String message(@Nullable Object place, String what, @Nullable String remedy) {
    String located = place == null ? what : place + ": " + what;
    return remedy == null ? located : located + "\n  -> " + remedy;
  }
}
