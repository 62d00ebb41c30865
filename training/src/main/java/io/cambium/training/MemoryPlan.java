package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.ExpertPlacement;
import io.cambium.model.PassMemory;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.growth.GrowthPlanner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The memory that a run will need at its peak, known before it starts: what lies in the process
 * itself, without files that the system may drop from its cache.
 *
 * @param phases in the order of the run
 */
public record MemoryPlan(List<Phase> phases) {

  /** The Java machine without its heap, and libtorch's own memory: measured, on Linux. */
  private static final long PROGRAM = 230_000_000;

  /** Java's heap is filled up to its young generation before anything is collected. */
  private static final int YOUNG_SHARE = 3;

  /** What malloc loses between blocks that it keeps, as a part of them: measured. */
  private static final int TORN_SHARE = 10;

  /** A part of a run in which the model stays as it is. Bytes. */
  public record Phase(
      String name,
      long weights,
      long gradients,
      long moments,
      long activations,
      long expertRows,
      long program) {

    public long total() {
      return weights + gradients + moments + activations + expertRows + program;
    }
  }

  /** The plan of a run. */
  public static MemoryPlan of(RunConfig config) {
    try (CheckpointDirectory model = CheckpointDirectory.open(config.model())) {
      return of(config, model, config.batch().microBatch());
    }
  }

  private static MemoryPlan of(RunConfig config, CheckpointDirectory model, int microBatch) {
    List<Phase> phases = new ArrayList<>();
    phases.add(training("training", config, model.decoder(), model.tensors(), microBatch));
    GrowthConfig growth = config.growth();
    DecoderSpec before = model.decoder();
    for (GrowthConfig.Stage stage : config.growths()) {
      Objects.requireNonNull(growth);
      DecoderSpec grown = GrowthPlanner.grown(model, growth.options(stage, new Counts.Uniform()));
      phases.add(growing(config, growth, before));
      phases.add(
          training(
              "from step " + stage.step(),
              config,
              grown,
              model.tensorsInSameForm(grown),
              microBatch));
      before = grown;
    }
    return new MemoryPlan(phases);
  }

  private static Phase training(
      String name, RunConfig config, DecoderSpec spec, List<ModelTensor> all, int microBatch) {
    int workers = config.workers();
    int ranks = config.distributed().expertParallelSize();
    List<ModelTensor> tensors = ranks == 1 ? all : largestPart(spec, all, ranks);
    Predicate<ModelTensor> trained = tensor -> config.groups().trains(tensor.part());
    long moving = bytes(tensors, trained);
    long experts = bytes(tensors, trained.and(tensor -> tensor.part().isExpert()));
    PassMemory pass = pass(config, spec);
    long round = Math.min(config.batch().sequences(), (long) microBatch * workers);
    long evaluated = config.evaluate().sequences();
    long activations =
        Math.max(
            Math.max(
                pass.forward(Math.ceilDiv(round, workers)),
                pass.backward(Math.ceilDiv(round, workers)) + tiedEmbedding(spec, tensors)),
            pass.passing(Math.ceilDiv(evaluated, workers)));
    return new Phase(
        name,
        bytes(tensors, tensor -> true),
        experts + workers * (moving - experts),
        2 * moving,
        torn(config, workers * activations),
        pass.experts(Math.max(round, evaluated), workers, ranks),
        program());
  }

  /** What the rank holds that holds most; lineages decide which experts, but not how many. */
  private static List<ModelTensor> largestPart(
      DecoderSpec spec, List<ModelTensor> tensors, int ranks) {
    ExpertPlacement placement = ExpertPlacement.of(spec, Manifest.EMPTY, ranks);
    return IntStream.range(0, ranks)
        .mapToObj(rank -> tensors.stream().filter(tensor -> placement.holds(rank, tensor)).toList())
        .max(Comparator.comparingLong(part -> bytes(part, tensor -> true)))
        .orElseThrow();
  }

  /** The model before it has left memory by then; what each expert is given is added up in fp64. */
  private static Phase growing(RunConfig config, GrowthConfig growth, DecoderSpec spec) {
    PassMemory pass = pass(config, spec);
    int sequences = Evaluations.CALIBRATION_SEQUENCES;
    long squares =
        (long) spec.hiddenSize()
            * spec.hiddenSize()
            * spec.mixtureLayers().stream().mapToInt(l -> spec.mixture(l).experts()).sum();
    long sums = growth.options().rows() == Rows.SPLIT ? 2L * Double.BYTES * squares : 0;
    return new Phase(
        "growing",
        0,
        0,
        0,
        torn(config, pass.passing(sequences)) + sums,
        pass.experts(sequences, config.workers(), 1),
        program());
  }

  /** Where activations are computed again, freed blocks are not kept. */
  private static long torn(RunConfig config, long bytes) {
    return config.batch().recompute() ? bytes : bytes + bytes / TORN_SHARE;
  }

  private static long program() {
    return PROGRAM + Runtime.getRuntime().totalMemory() / YOUNG_SHARE;
  }

  private static PassMemory pass(RunConfig config, DecoderSpec spec) {
    return new PassMemory(
        spec,
        config.batch().length(),
        config.batch().separateDocuments(),
        config.batch().recompute());
  }

  private static long bytes(List<ModelTensor> tensors, Predicate<ModelTensor> which) {
    return Float.BYTES * tensors.stream().filter(which).mapToLong(ModelTensor::elements).sum();
  }

  /** Where the embedding has a gradient of the output projection, that of the input comes apart. */
  private static long tiedEmbedding(DecoderSpec spec, List<ModelTensor> tensors) {
    return spec.tiedEmbeddings() ? bytes(tensors, tensor -> tensor.part() == Part.EMBEDDING) : 0;
  }

  /** The phase that needs most. */
  public Phase peak() {
    return phases.stream().max(Comparator.comparingLong(Phase::total)).orElseThrow();
  }

  /**
   * Refuses a run that does not fit.
   *
   * @param available bytes
   * @throws UsageException with what it needs and what would help
   */
  public void requireFits(RunConfig config, long available) {
    Phase peak = peak();
    if (peak.total() > available) {
      throw new UsageException(
          "memory",
          ("the run needs %,d MB (%s: weights %,d, gradients %,d, moments %,d, activations %,d,"
                  + " rows of the experts %,d), but %,d MB are there")
              .formatted(
                  megabytes(peak.total()),
                  peak.name(),
                  megabytes(peak.weights()),
                  megabytes(peak.gradients()),
                  megabytes(peak.moments()),
                  megabytes(peak.activations()),
                  megabytes(peak.expertRows()),
                  megabytes(available)),
          remedy(config, available));
    }
  }

  private static long megabytes(long bytes) {
    return bytes / 1_000_000;
  }

  private static String remedy(RunConfig config, long available) {
    try (CheckpointDirectory model = CheckpointDirectory.open(config.model())) {
      Optional<Integer> fitting =
          IntStream.iterate(config.batch().microBatch() - 1, m -> m >= 1, m -> m - 1)
              .boxed()
              .filter(m -> of(config, model, m).peak().total() <= available)
              .findFirst();
      return fitting
              .map(m -> "lower batch.micro_batch to " + m)
              .orElse(
                  "lower workers, evaluate.sequences or batch.length"
                      + (config.batch().recompute() ? "" : ", give batch.recompute: true")
                      + ", spread the experts over several processes (docs/distributed.md), or take"
                      + " a smaller model")
          + "; if the machine has more than it says, give --memory";
    }
  }
}
