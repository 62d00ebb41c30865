package io.cambium.upcycle;

import static io.cambium.upcycle.GrowthExamples.files;
import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Progress;
import io.cambium.upcycle.Execution.Check;
import io.cambium.upcycle.Execution.Unfinished;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.ledger.HalfPrecision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** A dense model that becomes one with five experts. */
record ConversionExample(Path source, Path target) {

  /** A model of some hundred thousand weights in half precision. */
  static ConversionExample small(Path folder) throws IOException {
    Path full = DenseExamples.llama(folder.resolve("full"), 1, 72, 300);
    return new ConversionExample(
        HalfPrecision.write(full, folder.resolve("source")), folder.resolve("moe"));
  }

  UpcycleResult convert(String init, Execution execution, Progress progress) {
    try (PlannedUpcycle planned = plan(init)) {
      return planned.execute(execution, progress);
    }
  }

  PlannedUpcycle plan(String init) {
    return Upcycler.planDense(
        DenseSources.of(source),
        target,
        DenseExamples.options(5, 1, init),
        GrowthExamples.RUNNER,
        List.of());
  }

  /** Where it is written meanwhile. */
  Path staging() {
    return target.resolveSibling(target.getFileName() + ".partial");
  }

  /** What one thread makes of it that nobody interrupts. */
  Map<String, byte[]> uninterrupted(String init, Check check) throws IOException {
    ConversionExample whole = new ConversionExample(source, target.resolveSibling("reference"));
    whole.convert(init, new Execution(1, Unfinished.REFUSE, check), Progress.NONE);
    return files(whole.target);
  }

  void requireBytes(Map<String, byte[]> expected) throws IOException {
    Map<String, byte[]> actual = files(target);
    assertThat(actual).containsOnlyKeys(expected.keySet());
    expected.forEach((name, bytes) ->
        assertThat(Arrays.mismatch(Objects.requireNonNull(actual.get(name)), bytes))
            .as(name)
            .isEqualTo(-1));
    assertThat(staging()).doesNotExist();
  }

  /** Fails at so many updates while writing. */
  static Progress failingAt(int updates) {
    AtomicInteger left = new AtomicInteger(updates);
    return (what, done, total) -> {
      if (what.equals("writing") && left.decrementAndGet() == 0) {
        throw new CheckpointException("the disk", "is full", "make room");
      }
    };
  }
}
