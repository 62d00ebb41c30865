package io.cambium.cli;

import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** Does something before Ctrl-C or SIGTERM ends the process. */
final class OnSignal {

  private OnSignal() {}

  /**
   * Works to the end.
   *
   * @param beforeExit done, while the work goes on, if the process is asked to end meanwhile
   */
  static void run(Runnable beforeExit, Runnable work) {
    run(
        finished -> {
          if (finished.getCount() > 0) {
            beforeExit.run();
          }
        },
        work);
  }

  /**
   * Works to the end, which the process waits for if it is asked to end meanwhile.
   *
   * @param stop asks the work to end soon
   */
  static void runAndStop(Runnable stop, Runnable work) {
    run(
        finished -> {
          stop.run();
          await(finished);
        },
        work);
  }

  private static void run(Consumer<CountDownLatch> beforeExit, Runnable work) {
    CountDownLatch finished = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> beforeExit.accept(finished), "before exit"));
    try {
      work.run();
    } finally {
      finished.countDown();
    }
  }

  private static void await(CountDownLatch finished) {
    try {
      finished.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
