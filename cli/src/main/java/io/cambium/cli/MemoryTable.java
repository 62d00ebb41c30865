package io.cambium.cli;

import io.cambium.training.MemoryPlan;
import java.util.function.Consumer;

/** A run's planned memory, a line for each phase. */
final class MemoryTable {

  private static final String HEADING = "%-16s %10s %10s %10s %12s %12s %10s %10s";

  private MemoryTable() {}

  static void print(MemoryPlan plan, long available, Consumer<String> out) {
    out.accept(
        HEADING.formatted(
            "memory at most",
            "weights",
            "gradients",
            "moments",
            "activations",
            "expert rows",
            "program",
            "in all"));
    for (MemoryPlan.Phase phase : plan.phases()) {
      out.accept(
          HEADING.formatted(
              phase.name(),
              ByteCount.text(phase.weights()),
              ByteCount.text(phase.gradients()),
              ByteCount.text(phase.moments()),
              ByteCount.text(phase.activations()),
              ByteCount.text(phase.expertRows()),
              ByteCount.text(phase.program()),
              ByteCount.text(phase.total())));
    }
    out.accept(
        "the run needs %s, %s are there"
            .formatted(ByteCount.text(plan.peak().total()), ByteCount.text(available)));
  }
}
