package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import java.util.Map;

/**
 * How one copy of a dense block differs from the block (docs/upcycle.md). To add one, copy the
 * smallest neighbour and register it in {@link ExpertInitialisations}.
 */
public interface ExpertInitialisation {

  /** The name that users type. */
  String name();

  /**
   * Refuses numbers that it makes no sense with.
   *
   * @param copies of each block
   * @param granularity into how many experts each is cut
   * @throws io.cambium.checkpoint.UsageException if they do not fit
   */
  default void requireFits(int copies, int granularity) {}

  /**
   * One matrix of a copy.
   *
   * @param dense the block's own
   */
  Formula copy(Formula dense, ExpertSlot slot);

  /** Whether each copy computes what the block does, up to rounding. */
  boolean keepsFunction();

  /** What else was chosen, by name. */
  default Map<String, Double> parameters() {
    return Map.of();
  }
}
