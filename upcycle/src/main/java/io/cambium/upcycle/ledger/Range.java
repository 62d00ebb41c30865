package io.cambium.upcycle.ledger;

/**
 * Neighbouring elements of a tensor, row-major.
 *
 * @param from index of the first
 */
public record Range(long from, long count) {

  /** All that there are. */
  public static final Range ALL = new Range(0, Long.MAX_VALUE);
}
