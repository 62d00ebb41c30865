package io.cambium.lab;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.model.Decoder;
import io.cambium.model.MatrixProductRate;
import io.cambium.model.Share;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.model.Weights;
import io.cambium.training.AdamW;
import io.cambium.training.config.GroupsConfig;
import java.util.Collections;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** Training speed on random tokens, beside the rate at which this machine multiplies matrices. */
public final class Benchmark {

  private static final AdamW.Settings SETTINGS =
      new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, 1.0, GroupsConfig.DEFAULT);
  private static final double LEARNING_RATE = 3e-4;

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

    long tokens() {
      return (long) batch * sequence;
    }

    /** Matrix-product operations of one training step: forward, and twice that backward. */
    double operations() {
      double headDim = (double) hidden / heads;
      double projections = 2.0 * hidden * headDim * (heads + kvHeads);
      double scores = headDim * heads * sequence;
      double feedForward = 3.0 * topK * hidden * ffn + (double) hidden * experts;
      double perToken =
          layers * (projections + scores + feedForward) + (double) hidden * vocabulary;
      return 6.0 * perToken * tokens();
    }
  }

  /**
   * What was measured.
   *
   * @param seconds of the best step
   * @param share of the operations of a step in what the machine's matrix products could do in that
   *     time
   */
  public record Result(double seconds, double tokensPerSecond, double share) {}

  private Benchmark() {}

  /** Runs this many steps and takes the best. */
  public static Result run(Shape shape, int steps, int workers, Consumer<String> log) {
    Torch.start();
    Family family = Families.named("mixtral");
    DecoderSpec spec = shape.decoder();
    try (Team team = new Team(workers)) {
      double rate = MatrixProductRate.measure(team);
      log.accept(
          "matrix products: %.0f GFLOP/s on %d workers, %s"
              .formatted(rate / 1e9, workers, Torch.blas()));
      Decoder decoder = Decoder.forTraining(Weights.random(spec, family.tensors(spec), 0.02), team);
      AdamW optimizer = new AdamW(decoder, SETTINGS);
      double best = Double.POSITIVE_INFINITY;
      for (int step = 1; step <= steps; step++) {
        double seconds = step(shape, decoder, optimizer, step);
        log.accept(
            "step %d: %.3f s, %.0f tokens/s".formatted(step, seconds, shape.tokens() / seconds));
        best = Math.min(best, seconds);
      }
      return new Result(best, shape.tokens() / best, shape.operations() / best / rate);
    }
  }

  private static double step(Shape shape, Decoder decoder, AdamW optimizer, int step) {
    long start = System.nanoTime();
    Team team = decoder.team();
    team.run(member -> {
      Tensor ids_BS = randomTokens(shape, member);
      decoder.backward(member, ids_BS, ids_BS, shape.tokens(), false);
      member.await();
      optimizer.reduce(member);
      optimizer.update(member, step, LEARNING_RATE);
    });
    return (System.nanoTime() - start) / 1e9;
  }

  private static Tensor randomTokens(Shape shape, Team.Member member) {
    int from = Share.start(shape.batch(), member);
    int to = Share.end(shape.batch(), member);
    long[] ids =
        new SplittableRandom(from)
            .longs((long) (to - from) * shape.sequence(), 0, shape.vocabulary())
            .toArray();
    return Torch.tensor(ids, to - from, shape.sequence());
  }
}
