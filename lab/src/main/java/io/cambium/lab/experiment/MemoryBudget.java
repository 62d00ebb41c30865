package io.cambium.lab.experiment;

/** The memory that runs at the same time share. */
final class MemoryBudget {

  private final long total;
  private long taken;

  /**
   * @param total bytes
   */
  MemoryBudget(long total) {
    this.total = total;
  }

  long total() {
    return total;
  }

  /**
   * Waits until there is room. One that would never fit has it when nobody else has any.
   *
   * @param bytes to be given back afterwards
   */
  synchronized void take(long bytes) throws InterruptedException {
    while (taken > 0 && taken + bytes > total) {
      wait();
    }
    taken += bytes;
  }

  synchronized void giveBack(long bytes) {
    taken -= bytes;
    notifyAll();
  }
}
