package io.cambium.lab.analysis;

import io.cambium.checkpoint.Progress;
import io.cambium.model.Decoder;
import io.cambium.model.InferenceModel;
import io.cambium.model.RoutingListener;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.training.Evaluator;
import io.cambium.training.data.Corpus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Held-out text and where a model sent each of its tokens. T tokens of all domains, sequence by
 * sequence; N tokens of them, spread evenly, at which the layers' inputs are kept; D hidden.
 *
 * @param domain_T the domain of each token, as an index of {@code loss}
 * @param id_T the id of each token
 * @param loss of each domain, nats per token
 * @param layers the routing layers by index
 */
public record RoutedText(
    int[] domain_T,
    int[] id_T,
    SequencedMap<String, Double> loss,
    SortedMap<Integer, Layer> layers) {

  /**
   * A routing layer.
   *
   * @param entropy of the router's scores as shares of their sum, in nats, mean over the tokens
   * @param input_ND what reaches the layer after its norm
   */
  public record Layer(Choices choices, double entropy, float[] input_ND) {}

  /** The domains, in the order of their names. */
  public List<String> domains() {
    return List.copyOf(loss.keySet());
  }

  /** A routing layer by its index in the model. */
  Layer layer(int index) {
    return Objects.requireNonNull(layers.get(index));
  }

  /**
   * Sends the validation split of a corpus through a model: the sequences that an evaluation takes.
   *
   * @param sequences of each domain
   * @param length tokens per sequence
   */
  public static RoutedText of(
      InferenceModel model, Corpus corpus, int sequences, int length, Progress progress) {
    Evaluator evaluator = new Evaluator(corpus, sequences, length);
    List<Sequence> all = new ArrayList<>();
    List<String> domains = corpus.domains().stream().map(Corpus.Domain::name).toList();
    for (int domain = 0; domain < domains.size(); domain++) {
      for (long[] window : evaluator.windows(corpus.domains().get(domain).validation())) {
        all.add(new Sequence(domain, window));
      }
    }
    RoutingRecorder recorder = new RoutingRecorder(model.decoder(), all.size(), length);
    double[] losses = run(model.decoder(), all, recorder, progress);
    return new RoutedText(
        all.stream().flatMapToInt(s -> IntStream.generate(s::domain).limit(length)).toArray(),
        all.stream().flatMapToInt(Sequence::ids).toArray(),
        losses(domains, all, losses),
        recorder.layers());
  }

  /**
   * A sequence and the token that follows it.
   *
   * @param domain an index
   */
  private record Sequence(int domain, long[] window) {

    int length() {
      return window.length - 1;
    }

    IntStream ids() {
      return Arrays.stream(window, 0, length()).mapToInt(Math::toIntExact);
    }

    /** The inputs, or the targets for one token later. */
    Tensor tensor_1S(int from) {
      return Torch.tensor(Arrays.copyOfRange(window, from, from + length()), 1, length());
    }
  }

  /** A sequence per worker at a time, which bounds memory; the mean loss of each, in nats. */
  private static double[] run(
      Decoder decoder, List<Sequence> all, RoutingRecorder recorder, Progress progress) {
    double[] losses = new double[all.size()];
    int workers = decoder.team().size();
    decoder.listen(recorder);
    for (int done = 0; done < all.size(); done += workers) {
      int round = done;
      progress.update("routing text", round, all.size());
      decoder
          .team()
          .run(member -> {
            int mine = round + member.index();
            if (mine < all.size()) {
              recorder.begin(member.index(), mine);
              losses[mine] = loss(decoder, member, all.get(mine));
            } else {
              // Experts are shared out over all workers: nobody may stay away.
              decoder.loss(member, none(all.getFirst()), none(all.getFirst()));
            }
          });
    }
    progress.update("routing text", all.size(), all.size());
    decoder.listen(RoutingListener.NONE);
    return losses;
  }

  private static double loss(Decoder decoder, Team.Member member, Sequence sequence) {
    return decoder.loss(member, sequence.tensor_1S(0), sequence.tensor_1S(1)) / sequence.length();
  }

  private static Tensor none(Sequence like) {
    return Torch.tensor(new long[0], 0, like.length());
  }

  private static SequencedMap<String, Double> losses(
      List<String> domains, List<Sequence> all, double[] losses) {
    SequencedMap<String, Double> byDomain = new LinkedHashMap<>();
    for (int domain = 0; domain < domains.size(); domain++) {
      int wanted = domain;
      byDomain.put(
          domains.get(domain),
          IntStream.range(0, losses.length)
              .filter(i -> all.get(i).domain == wanted)
              .mapToDouble(i -> losses[i])
              .average()
              .orElseThrow());
    }
    return byDomain;
  }
}
