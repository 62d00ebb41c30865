package io.cambium.training;

import io.cambium.model.Decoder;
import io.cambium.model.RoutingListener;
import io.cambium.model.Share;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenShard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The loss on held-out text, by domain: the same sequences every time, spread evenly over the
 * validation split.
 */
public final class Evaluator {

  private final List<Corpus.Domain> domains;
  private final int sequences;
  private final int length;

  /**
   * @param sequences of each domain
   * @param length tokens per sequence
   */
  public Evaluator(Corpus corpus, int sequences, int length) {
    this.domains = corpus.domains();
    this.sequences = sequences;
    this.length = length;
  }

  /**
   * One domain's result.
   *
   * @param loss nats per token
   */
  record DomainResult(double loss, RoutingStatistics routing) {}

  /**
   * Evaluates every domain.
   *
   * @param parents the lineage of each expert by routing layer; null for a model that never grew
   */
  Map<String, DomainResult> evaluate(
      Decoder decoder, @Nullable Map<Integer, List<Integer>> parents) {
    Map<String, DomainResult> results = new LinkedHashMap<>();
    for (Corpus.Domain domain : domains) {
      RoutingStatistics routing =
          new RoutingStatistics(decoder.spec(), decoder.team().size(), parents);
      decoder.listen(routing);
      double loss = loss(decoder, domain.validation());
      routing.gather(decoder.ranks().all());
      results.put(domain.name(), new DomainResult(loss, routing));
    }
    decoder.listen(RoutingListener.NONE);
    return results;
  }

  /**
   * Mean cross entropy over the sequences of a shard, in nats per token. The decoder's ranks share
   * them.
   */
  public double loss(Decoder decoder, TokenShard shard) {
    int count = count(shard);
    double[] sums = new double[decoder.team().size()];
    decoder.team().run(member -> sums[member.index()] = loss(decoder, member, shard, count));
    double sum = decoder.ranks().all().sum(Arrays.stream(sums).sum())[0];
    return sum / ((double) count * length);
  }

  private double loss(Decoder decoder, Team.Member member, TokenShard shard, int count) {
    int from = Share.start(count, member, decoder.ranks().all());
    int to = Share.end(count, member, decoder.ranks().all());
    Batch batch = batch(shard, from, to, count);
    return decoder.loss(
        member,
        Torch.tensor(batch.inputs(), to - from, length),
        Torch.tensor(batch.targets(), to - from, length));
  }

  /** The same of each sequence by itself, in order; their mean is the loss. */
  public double[] sequenceLosses(Decoder decoder, TokenShard shard) {
    int count = count(shard);
    double[] losses = new double[count];
    decoder
        .team()
        .run(member -> {
          int from = Share.start(count, member);
          int to = Share.end(count, member);
          Batch batch = batch(shard, from, to, count);
          double[] logProbabilities =
              decoder.logProbabilities(
                  member,
                  Torch.tensor(batch.inputs(), to - from, length),
                  Torch.tensor(batch.targets(), to - from, length));
          for (int i = from; i < to; i++) {
            int first = (i - from) * length;
            losses[i] = -Arrays.stream(logProbabilities, first, first + length).sum() / length;
          }
        });
    return losses;
  }

  private Batch batch(TokenShard shard, int from, int to, int count) {
    Batch batch = new Batch(to - from, length);
    for (int i = from; i < to; i++) {
      long start = start(shard, i, count);
      batch.fill(i - from, (into, at) -> shard.copy(start, into, at, length + 1));
    }
    return batch;
  }

  /** The tokens that {@link #loss} asks for, sequence by sequence. */
  public List<long[]> targets(TokenShard shard) {
    return windows(shard).stream()
        .map(window -> Arrays.copyOfRange(window, 1, window.length))
        .toList();
  }

  /** The sequences that {@link #loss} takes, each with the token after it: length + 1 ids. */
  public List<long[]> windows(TokenShard shard) {
    int count = count(shard);
    List<long[]> windows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long[] window = new long[length + 1];
      shard.copy(start(shard, i, count), window, 0, window.length);
      windows.add(window);
    }
    return windows;
  }

  private int count(TokenShard shard) {
    BatchSampler.requireWindow(shard, length);
    return (int) Math.min(sequences, (shard.size() - 1) / length);
  }

  /** The first token of a sequence; they are spread evenly over the shard's windows. */
  private long start(TokenShard shard, int sequence, int count) {
    return (shard.size() - 1) / length * sequence / count * length;
  }
}
