package io.cambium.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/** Does something before Ctrl-C or SIGTERM ends the process. */
final class OnSignal {

  private OnSignal() {}

  /**
   * Works to the end.
   *
   * @param beforeExit done, while the work goes on, if the process is asked to end meanwhile
   */
  static void run(Runnable beforeExit, Runnable work) {
    AtomicBoolean finished = new AtomicBoolean();
    Thread hook =
        new Thread(
            () -> {
              if (!finished.get()) {
                beforeExit.run();
              }
            },
            "before exit");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      work.run();
    } finally {
      finished.set(true);
    }
  }
}
