package io.cambium.training.distributed;

import java.io.IOException;
import java.time.Duration;

/**
 * What a rank is at: whether it waits for others in an exchange or works by itself, and since when.
 */
final class Pulse {

  /** One look at it. */
  record State(boolean waiting, Duration time) {

    /** As a sign of life says it. */
    Wire.Message message() {
      return new Wire.Message(
          waiting ? Wire.Kind.WAITING : Wire.Kind.WORKING, Long.toString(time.toMillis()));
    }

    /** What a sign of life said. */
    static State of(Wire.Message sign) throws IOException {
      try {
        return new State(
            sign.kind() == Wire.Kind.WAITING, Duration.ofMillis(Long.parseLong(sign.text())));
      } catch (NumberFormatException e) {
        throw new IOException("no sign of life of a rank", e);
      }
    }

    boolean hasWaited(Duration patience) {
      return waiting && time.compareTo(patience) >= 0;
    }

    boolean hasWorked(Duration patience) {
      return !waiting && time.compareTo(patience) >= 0;
    }
  }

  private boolean waiting;
  private long since = System.nanoTime();

  /** Another rank is waited for from now on, or no longer. */
  synchronized void waits(boolean now) {
    waiting = now;
    since = System.nanoTime();
  }

  synchronized State state() {
    return new State(waiting, Duration.ofNanos(System.nanoTime() - since));
  }
}
