package io.cambium.checkpoint.hub;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;

/** How often a server is asked again that does not answer as it should, and how long after. */
final class Retries {

  /** Waits; replaced in tests, which do not. */
  interface Pause {

    /** Waits for real. */
    Pause REAL = Thread::sleep;

    void of(Duration time) throws InterruptedException;
  }

  /** Something that may fail for reasons that pass. */
  interface Attempt<T> {
    T run() throws IOException;
  }

  private static final int MOST = 6;
  private static final Duration FIRST = Duration.ofSeconds(1);

  /** The Hub counts requests in windows of five minutes. */
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final Pause pause;
  private int failures;

  Retries(Pause pause) {
    this.pause = pause;
  }

  /** Runs until it succeeds, or there is no hope. */
  <T> T run(Attempt<T> attempt) throws IOException {
    while (true) {
      try {
        return attempt.run();
      } catch (IOException e) {
        failed(e);
      }
    }
  }

  /** Something came: whatever fails next is a new failure. */
  void succeeded() {
    failures = 0;
  }

  /**
   * Waits after a failure: twice as long each time, or as the server says.
   *
   * @throws IOException the failure itself, if trying again has no prospect
   */
  void failed(IOException failure) throws IOException {
    Optional<Duration> asked =
        failure instanceof RefusedException refused ? refused.retryAfter() : Optional.empty();
    Duration wait = asked.orElse(FIRST.multipliedBy(1L << failures));
    failures++;
    if (!passes(failure) || failures >= MOST || wait.compareTo(LONGEST) > 0) {
      throw failure;
    }
    try {
      pause.of(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private static boolean passes(IOException failure) {
    return switch (failure) {
      case InterruptedIOException _ -> false;
      case RefusedException refused -> refused.passes();
      default -> true;
    };
  }
}
