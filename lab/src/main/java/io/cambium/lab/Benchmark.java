package io.cambium.lab;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.lab.cost.Flops;
import io.cambium.model.Decoder;
import io.cambium.model.MatrixProductRate;
import io.cambium.model.Share;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.model.Weights;
import io.cambium.training.AdamW;
import io.cambium.training.config.BatchConfig;
import io.cambium.training.config.GroupsConfig;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Training speed on random tokens, beside the rate at which this machine multiplies matrices. */
public final class Benchmark {

  private static final AdamW.Settings SETTINGS =
      new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, 1.0, GroupsConfig.DEFAULT);
  private static final double LEARNING_RATE = 3e-4;

  /** Of random weights. */
  private static final double DEVIATION = 0.02;

  /** Sizes of the model and of the batch: every layer routes, no shared expert. */
  public record Shape(
      int experts,
      int hidden,
      int ffn,
      int layers,
      int heads,
      int kvHeads,
      int sequence,
      int batch,
      int vocabulary,
      int topK) {

    DecoderSpec decoder() {
      FeedForward mixture =
          new Mixture(experts, topK, ffn, 0, new Router(Score.SOFTMAX, false, true, 1));
      int headDim = hidden / heads;
      return DecoderSpec.plain(
          vocabulary,
          hidden,
          1e-5,
          false,
          GroupedQuery.plain(
              heads, kvHeads, headDim, false, HeadNorm.NONE, new Rope(10_000, headDim)),
          Collections.nCopies(layers, mixture));
    }
  }

  /**
   * What was measured.
   *
   * @param seconds of the best step
   * @param rate operations a second of the machine's matrix products
   * @param share of the operations of a step in what they could do in that time
   */
  public record Result(double seconds, double tokensPerSecond, double rate, double share) {}

  private Benchmark() {}

  /**
   * What a step has to do.
   *
   * @param batch sequences in all
   * @param microBatch sequences that a worker computes at a time
   * @param recompute whether activations are dropped and computed again
   * @param operations of its matrix products, forward and twice that backward
   */
  private record Work(
      int vocabulary,
      int sequence,
      int batch,
      int microBatch,
      boolean recompute,
      double operations) {

    /** All at once. */
    static Work of(DecoderSpec spec, List<ModelTensor> tensors, int sequence, int batch) {
      return of(spec, tensors, new BatchConfig(batch, sequence, batch));
    }

    static Work of(DecoderSpec spec, List<ModelTensor> tensors, BatchConfig batch) {
      double perToken = Flops.of(spec, tensors, batch.length()).training();
      return new Work(
          spec.vocabSize(),
          batch.length(),
          batch.sequences(),
          batch.microBatch(),
          batch.recompute(),
          perToken * batch.tokens());
    }

    long tokens() {
      return (long) batch * sequence;
    }
  }

  /** Takes this many steps with a model of random weights, of which the best counts. */
  public static Result run(Shape shape, int steps, int workers, Consumer<String> log) {
    DecoderSpec spec = shape.decoder();
    List<ModelTensor> tensors = Families.named("mixtral").tensors(spec);
    Work work = Work.of(spec, tensors, shape.sequence(), shape.batch());
    return run(() -> Weights.random(spec, tensors, DEVIATION), work, steps, workers, log);
  }

  /** The same with a model of any kind and a run's batch. */
  public static Result run(
      DecoderSpec spec,
      List<ModelTensor> tensors,
      BatchConfig batch,
      int steps,
      int workers,
      Consumer<String> log) {
    Work work = Work.of(spec, tensors, batch);
    return run(() -> Weights.random(spec, tensors, DEVIATION), work, steps, workers, log);
  }

  /** The same with the model of a checkpoint, which is not changed. */
  public static Result run(
      Path checkpoint, int sequence, int batch, int steps, int workers, Consumer<String> log) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(checkpoint)) {
      Work work = Work.of(directory.decoder(), directory.tensors(), sequence, batch);
      return run(() -> Weights.load(directory, DType.F32), work, steps, workers, log);
    }
  }

  private static Result run(
      Supplier<Weights> weights, Work work, int steps, int workers, Consumer<String> log) {
    try (Team team = new Team(workers)) {
      double rate = MatrixProductRate.measure(team, DType.F32);
      log.accept(
          "matrix products: %.0f GFLOP/s in fp32, %.0f in bf16, on %d workers, %s"
              .formatted(
                  rate / 1e9,
                  MatrixProductRate.measure(team, DType.BF16) / 1e9,
                  workers,
                  Torch.blas()));
      Decoder decoder = Decoder.forTraining(weights.get(), team);
      if (work.recompute()) {
        decoder.recompute();
      }
      AdamW optimizer = new AdamW(decoder, SETTINGS);
      double best = Double.POSITIVE_INFINITY;
      for (int step = 1; step <= steps; step++) {
        double seconds = step(work, decoder, optimizer, step);
        log.accept(
            "step %d: %.3f s, %.0f tokens/s".formatted(step, seconds, work.tokens() / seconds));
        best = Math.min(best, seconds);
      }
      return new Result(best, work.tokens() / best, rate, work.operations() / best / rate);
    }
  }

  private static double step(Work work, Decoder decoder, AdamW optimizer, int step) {
    long start = System.nanoTime();
    Team team = decoder.team();
    team.run(member -> {
      int perRound = work.microBatch() * team.size();
      for (int done = 0; done < work.batch(); done += perRound) {
        // Closed once all are done with what they share, and not where one fails, as in training.
        PointerScope scope = new PointerScope();
        Tensor ids_BS = randomTokens(work, Math.min(perRound, work.batch() - done), member);
        decoder.backward(member, ids_BS, ids_BS, work.tokens(), done > 0);
        member.await();
        scope.close();
      }
      optimizer.reduce(member);
      optimizer.update(member, step, LEARNING_RATE);
    });
    return (System.nanoTime() - start) / 1e9;
  }

  /** A worker's share of some sequences. */
  private static Tensor randomTokens(Work work, int sequences, Team.Member member) {
    int from = Share.start(sequences, member);
    int to = Share.end(sequences, member);
    long[] ids =
        new SplittableRandom(from)
            .longs((long) (to - from) * work.sequence(), 0, work.vocabulary())
            .toArray();
    return Torch.tensor(ids, to - from, work.sequence());
  }
}
