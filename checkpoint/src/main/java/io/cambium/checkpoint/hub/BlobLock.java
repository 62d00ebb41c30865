package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.ProcessLock;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Keeps other processes and threads from bringing the same blob at the same time. */
final class BlobLock {

  private static final Duration POLL = Duration.ofMillis(100);

  private BlobLock() {}

  /** Waits until nobody else holds it. */
  static ProcessLock acquire(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    while (true) {
      Optional<ProcessLock> lock = ProcessLock.tryAcquire(file);
      if (lock.isPresent()) {
        return lock.get();
      }
      try {
        Thread.sleep(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }
  }
}
