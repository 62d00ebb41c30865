package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.upcycle.DenseExamples;
import io.cambium.upcycle.dense.DensePlanner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkingMemoryTest {

  /** The Java machine's own, the plan's and the tests'. */
  private static final long REST_BYTES = 16_000_000;

  @TempDir Path folder;

  /** In a Java machine that has so much and no more. */
  @ParameterizedTest
  @ValueSource(strings = {"drop", "svd"})
  void isEnough(String initialisation) throws IOException, InterruptedException {
    Path source = DenseExamples.llama(folder.resolve("source"), 1, 512, 4096);
    long bytes;
    try (SourceCheckpoint opened = SourceCheckpoint.open(CheckpointSource.of(source), 0)) {
      bytes = WorkingMemory.bytes(ledger(opened, initialisation));
    }
    assertThat(evaluateWithin(bytes + REST_BYTES, source, initialisation)).isZero();
  }

  private static List<Entry> ledger(SourceCheckpoint source, String initialisation) {
    return DensePlanner.of(
            List.of(source), OptionalInt.empty(), DenseExamples.options(2, 2, initialisation))
        .plan(Path.of("target"), Directions.NONE)
        .weights();
  }

  private int evaluateWithin(long heapBytes, Path source, String initialisation)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                DenseExamples.java(
                    Evaluation.class,
                    List.of("-Xmx" + heapBytes),
                    source.toString(),
                    initialisation))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    return process.waitFor();
  }

  /** Computes every line of the ledger in a machine of its own. */
  static final class Evaluation {

    private Evaluation() {}

    public static void main(String[] args) {
      try (SourceCheckpoint source =
          SourceCheckpoint.open(CheckpointSource.of(Path.of(args[0])), 0)) {
        Evaluator evaluator = new Evaluator(new Sources(List.of(source), Directions.NONE));
        ledger(source, args[1]).forEach(entry -> evaluator.evaluate(entry, (_, _) -> {}));
      }
    }
  }
}
