package io.cambium.upcycle.dense.expert;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.ledger.Formula;

/**
 * Each copy is the dense block, cut into as many experts as the granularity says (virtual groups,
 * arXiv 2410.07524): {@link Copy} by another name, for those who mean the cut and want an error if
 * there is none.
 */
record Partition() implements ExpertInitialisation {

  @Override
  public String name() {
    return "partition";
  }

  @Override
  public void requireFits(int copies, int granularity) {
    if (granularity == 1) {
      throw new UsageException(
          "option init",
          "partition cuts every copy into several experts",
          "give --granularity with it, 2 or more, or take copy");
    }
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    return dense;
  }

  @Override
  public boolean keepsFunction() {
    return true;
  }
}
