package io.cambium.training.alarm;

/**
 * Tells when something begins: it must hold for some turns in a row, and afterwards be away for
 * some before it can begin again.
 */
final class Occurrence {

  private final int toBegin;
  private final int toEnd;
  private boolean present;
  private int turns;

  /**
   * @param toBegin turns in a row in which it must hold
   * @param toEnd turns in a row in which it must not
   */
  Occurrence(int toBegin, int toEnd) {
    this.toBegin = toBegin;
    this.toEnd = toEnd;
  }

  /** Whether it has begun, and not ended. */
  boolean isPresent() {
    return present;
  }

  /**
   * The next turn.
   *
   * @return whether it begins now
   */
  boolean begins(boolean holds) {
    turns = holds == present ? 0 : turns + 1;
    boolean changes = turns == (present ? toEnd : toBegin);
    if (changes) {
      present = !present;
      turns = 0;
    }
    return changes && present;
  }
}
