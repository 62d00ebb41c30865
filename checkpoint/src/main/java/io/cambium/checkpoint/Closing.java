package io.cambium.checkpoint;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Closes many things, though closing one of them fails. */
public final class Closing {

  private Closing() {}

  /** Runs all; then throws the first failure, the others suppressed in it. */
  public static void all(Stream<Runnable> closings) {
    @Nullable RuntimeException failure = null;
    for (Runnable closing : closings.toList()) {
      try {
        closing.run();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
