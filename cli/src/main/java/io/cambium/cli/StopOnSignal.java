package io.cambium.cli;

import io.cambium.training.Trainer;
import java.util.concurrent.CountDownLatch;

/** Lets a training run save before Ctrl-C or SIGTERM ends the process. */
final class StopOnSignal {

  private StopOnSignal() {}

  /**
   * Trains to the end, or until the process is asked to end; then the run stops after its step and
   * saves.
   */
  static void run(Trainer trainer) {
    CountDownLatch finished = new CountDownLatch(1);
    OnSignal.run(
        () -> stopAndWait(trainer, finished),
        () -> {
          try {
            trainer.run();
          } finally {
            finished.countDown();
          }
        });
  }

  private static void stopAndWait(Trainer trainer, CountDownLatch finished) {
    trainer.requestStop();
    try {
      finished.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
