package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.Benchmark;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures training speed. */
@Command(
    name = "bench",
    description = {
      "Trains a model of the given sizes on random tokens and prints the best step's speed.",
      "",
      "Every layer routes, and there is no shared expert: the same work as a Mixtral of these"
          + " sizes. benchmarks/throughput/ compares it with transformers."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium bench --experts 64",
      "  cambium bench --model SmolLM2-135M --seq 512 --batch 4"
    })
final class BenchCommand implements Callable<Integer> {

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description =
          "Train this checkpoint instead of a Mixtral of random weights: of the sizes below only"
              + " --seq and --batch count then.")
  private @Nullable Path model;

  @Option(
      names = "--experts",
      defaultValue = "8",
      paramLabel = "N",
      description = "Experts per layer (default: ${DEFAULT-VALUE}).")
  private int experts;

  @Option(
      names = "--hidden",
      defaultValue = "256",
      paramLabel = "N",
      description = "Hidden size (default: ${DEFAULT-VALUE}).")
  private int hidden;

  @Option(
      names = "--ffn",
      defaultValue = "512",
      paramLabel = "N",
      description = "Width of an expert (default: ${DEFAULT-VALUE}).")
  private int ffn;

  @Option(
      names = "--layers",
      defaultValue = "4",
      paramLabel = "N",
      description = "Layers (default: ${DEFAULT-VALUE}).")
  private int layers;

  @Option(
      names = "--heads",
      defaultValue = "4",
      paramLabel = "N",
      description = "Query heads (default: ${DEFAULT-VALUE}).")
  private int heads;

  @Option(
      names = "--kv",
      defaultValue = "2",
      paramLabel = "N",
      description = "Key-value heads (default: ${DEFAULT-VALUE}).")
  private int kvHeads;

  @Option(
      names = "--seq",
      defaultValue = "256",
      paramLabel = "N",
      description = "Tokens per sequence (default: ${DEFAULT-VALUE}).")
  private int sequence;

  @Option(
      names = "--batch",
      defaultValue = "16",
      paramLabel = "N",
      description = "Sequences per step (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--vocab",
      defaultValue = "4096",
      paramLabel = "N",
      description = "Vocabulary (default: ${DEFAULT-VALUE}).")
  private int vocabulary;

  @Option(
      names = "--topk",
      defaultValue = "2",
      paramLabel = "N",
      description = "Experts per token (default: ${DEFAULT-VALUE}).")
  private int topK;

  @Option(
      names = "--steps",
      defaultValue = "6",
      paramLabel = "N",
      description = "Steps, of which the best counts (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Worker threads (default: one per core).")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() {
    requireSizes();
    Benchmark.Result result = model == null ? ofShape() : ofCheckpoint(model);
    System.out.printf(
        "%s: %.0f tokens/s, %.0f %% of the machine's matrix-product rate%n",
        model == null ? "experts " + experts : model,
        result.tokensPerSecond(),
        100 * result.share());
    return 0;
  }

  private Benchmark.Result ofShape() {
    Benchmark.Shape shape =
        new Benchmark.Shape(
            experts, hidden, ffn, layers, heads, kvHeads, sequence, batch, vocabulary, topK);
    return Benchmark.run(shape, steps, workers, System.out::println);
  }

  private Benchmark.Result ofCheckpoint(Path directory) {
    return Benchmark.run(directory, sequence, batch, steps, workers, System.out::println);
  }

  private void requireSizes() {
    Map.of(
            "--experts",
            experts,
            "--hidden",
            hidden,
            "--ffn",
            ffn,
            "--layers",
            layers,
            "--heads",
            heads,
            "--kv",
            kvHeads,
            "--seq",
            sequence,
            "--vocab",
            vocabulary,
            "--topk",
            topK,
            "--steps",
            steps)
        .forEach((option, value) -> require(value >= 1, option, value, "give 1 or more"));
    require(workers >= 1, "--workers", workers, "give 1 or more");
    require(batch >= workers, "--batch", batch, "give one sequence per worker or more");
    require(topK <= experts, "--topk", topK, "give at most --experts");
    require(heads % kvHeads == 0, "--kv", kvHeads, "give a divisor of --heads");
    require(hidden % (2 * heads) == 0, "--hidden", hidden, "give an even multiple of --heads");
  }

  private static void require(boolean valid, String option, int value, String remedy) {
    if (!valid) {
      throw new UsageException(option, "is " + value, remedy);
    }
  }
}
