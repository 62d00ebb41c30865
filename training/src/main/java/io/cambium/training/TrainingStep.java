package io.cambium.training;

import io.cambium.checkpoint.Progress;
import io.cambium.model.Decoder;
import io.cambium.model.ProcessGroup;
import io.cambium.model.Share;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.training.config.BatchConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * One optimizer step: every worker's micro batches forward and backward, then a common update. The
 * workers of all ranks of the decoder share the sequences.
 */
final class TrainingStep {

  private final BatchSampler sampler;
  private final BatchConfig batch;

  TrainingStep(BatchSampler sampler, BatchConfig batch) {
    this.sampler = sampler;
    this.batch = batch;
  }

  /** Tokens of one step. */
  long tokens() {
    return batch.tokens();
  }

  /**
   * What a step came to.
   *
   * @param loss mean cross entropy in nats per token, without the losses on the routers
   * @param gradientNorm before clipping
   * @param loads assignments per expert over the whole batch, by routing layer
   * @param rounds the same of what all workers computed at a time, in order
   * @param finite whether loss and gradient are; if not, the weights were left as they were
   */
  record Result(
      double loss,
      double gradientNorm,
      Map<Integer, long[]> loads,
      List<SortedMap<Integer, long[]>> rounds,
      boolean finite) {}

  /** The work of one step, shared by the workers. */
  private static final class Work {
    private final double[] losses;
    private final List<SortedMap<Integer, long[]>> rounds = new ArrayList<>();
    private double loss;
    private double gradientNorm;

    Work(int workers) {
      losses = new double[workers];
    }

    /** Adds up what workers and ranks have. */
    void gather(ProcessGroup ranks, double norm) {
      loss = ranks.sum(Arrays.stream(losses).sum())[0];
      rounds.replaceAll(ranks::sum);
      gradientNorm = norm;
    }

    Map<Integer, long[]> loads() {
      Map<Integer, long[]> sums = new TreeMap<>();
      for (Map<Integer, long[]> round : rounds) {
        round.forEach((layer, load_E) ->
            Loads.add(sums.computeIfAbsent(layer, l -> new long[load_E.length]), load_E));
      }
      return sums;
    }

    boolean finite() {
      return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
  }

  /**
   * Makes a step.
   *
   * @param firstSequence position in the data
   * @param number of the update, from 1
   */
  Result run(
      Decoder decoder, AdamW optimizer, long firstSequence, long number, double learningRate) {
    Work work = new Work(decoder.team().size());
    decoder
        .team()
        .run(member -> {
          forEachMicroBatch(decoder, member, firstSequence, work, Progress.NONE);
          double norm = optimizer.reduce(member);
          member.await(() -> work.gather(decoder.ranks().all(), norm));
          if (work.finite()) {
            optimizer.update(member, number, learningRate);
          }
        });
    return new Result(
        work.loss, work.gradientNorm, work.loads(), List.copyOf(work.rounds), work.finite());
  }

  /**
   * The gradient of the whole batch alone, without an update: afterwards it lies in the decoder's
   * parameters, where several workers and ranks have one still to be added up.
   *
   * @return mean cross entropy in nats per token
   */
  double gradients(Decoder decoder, long firstSequence, Progress progress) {
    Work work = new Work(decoder.team().size());
    decoder.team().run(member -> forEachMicroBatch(decoder, member, firstSequence, work, progress));
    work.gather(decoder.ranks().all(), 0);
    return work.loss;
  }

  private void forEachMicroBatch(
      Decoder decoder, Team.Member member, long firstSequence, Work work, Progress progress) {
    int perRound = batch.microBatch() * member.teamSize() * decoder.ranks().all().size();
    for (int done = 0; done < batch.sequences(); done += perRound) {
      int round = Math.min(perRound, batch.sequences() - done);
      boolean first = done == 0;
      // Frees what the micro batch made, once all are done with what they share. Not where one
      // fails: the others may still compute with it, and the team waits for them.
      PointerScope scope = new PointerScope();
      Decoder.Losses losses = microBatch(decoder, member, firstSequence + done, round, !first);
      work.losses[member.index()] += losses.crossEntropy();
      int after = done + round;
      member.await(() -> {
        work.rounds.add(decoder.loads());
        progress.update("computing gradients", after, batch.sequences());
      });
      scope.close();
    }
  }

  private Decoder.Losses microBatch(
      Decoder decoder, Team.Member member, long firstSequence, int round, boolean accumulate) {
    int from = Share.start(round, member, decoder.ranks().all());
    int to = Share.end(round, member, decoder.ranks().all());
    Batch mine = new Batch(to - from, batch.length());
    for (int i = from; i < to; i++) {
      long number = firstSequence + i;
      mine.fill(i - from, (into, at) -> sampler.copy(number, into, at));
    }
    Tensor inputs_BS = Torch.tensor(mine.inputs(), to - from, batch.length());
    Tensor targets_BS = Torch.tensor(mine.targets(), to - from, batch.length());
    return decoder.backward(member, inputs_BS, targets_BS, batch.tokens(), accumulate);
  }
}
