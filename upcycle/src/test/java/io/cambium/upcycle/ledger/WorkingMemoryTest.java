package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DensePlanner;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
    Path source = Files.createDirectory(folder.resolve("source"));
    FreshModel.write(
        source,
        Goldens.config("llama")
            .put("num_hidden_layers", 1)
            .put("hidden_size", 512)
            .put("intermediate_size", 4096),
        1);
    long bytes;
    try (SourceCheckpoint opened = SourceCheckpoint.open(CheckpointSource.of(source), 0)) {
      bytes = WorkingMemory.bytes(ledger(opened, initialisation));
    }
    assertThat(evaluateWithin(bytes + REST_BYTES, source, initialisation)).isZero();
  }

  private static List<Entry> ledger(SourceCheckpoint source, String initialisation) {
    DenseOptions options =
        new DenseOptions(
            2,
            2,
            2,
            LayerChoice.ALL,
            false,
            ExpertInitialisations.named(initialisation, Parameters.DEFAULT),
            Normal.DEFAULT,
            Optional.empty(),
            Engine.DEFAULT,
            0,
            false);
    return DensePlanner.of(List.of(source), OptionalInt.empty(), options)
        .plan(Path.of("target"), Directions.NONE)
        .weights();
  }

  private int evaluateWithin(long heapBytes, Path source, String initialisation)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx" + heapBytes,
                "-cp",
                System.getProperty("java.class.path"),
                Evaluation.class.getName(),
                source.toString(),
                initialisation)
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
