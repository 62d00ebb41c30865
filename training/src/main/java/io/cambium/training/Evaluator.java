package io.cambium.training;

import io.cambium.model.Decoder;
import io.cambium.model.RoutingListener;
import io.cambium.model.Share;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenShard;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The loss on held-out text, by domain: the same sequences every time, spread evenly over the
 * validation split.
 */
final class Evaluator {

  private final List<Corpus.Domain> domains;
  private final int sequences;
  private final int length;

  /**
   * @param sequences of each domain
   * @param length tokens per sequence
   */
  Evaluator(Corpus corpus, int sequences, int length) {
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
      results.put(domain.name(), new DomainResult(loss(decoder, domain.validation()), routing));
    }
    decoder.listen(RoutingListener.NONE);
    return results;
  }

  private double loss(Decoder decoder, TokenShard shard) {
    int count = (int) Math.min(sequences, (shard.size() - 1) / length);
    double[] sums = new double[decoder.team().size()];
    decoder.team().run(member -> sums[member.index()] = loss(decoder, member, shard, count));
    return Arrays.stream(sums).sum() / ((double) count * length);
  }

  private double loss(Decoder decoder, Team.Member member, TokenShard shard, int count) {
    int from = Share.start(count, member);
    int to = Share.end(count, member);
    Batch batch = new Batch(to - from, length);
    long windows = (shard.size() - 1) / length;
    for (int i = from; i < to; i++) {
      long window = windows * i / count;
      batch.fill(i - from, (into, at) -> shard.copy(window * length, into, at, length + 1));
    }
    return decoder.loss(
        member,
        Torch.tensor(batch.inputs(), to - from, length),
        Torch.tensor(batch.targets(), to - from, length));
  }
}
