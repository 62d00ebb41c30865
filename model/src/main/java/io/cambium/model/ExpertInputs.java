package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.upcycle.runner.InputMoments;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Adds up what each expert is given: count, sum and sum of outer products, in fp64. Each worker has
 * sums of its own, so that the total does not depend on timing. D hidden, N tokens of one expert.
 */
final class ExpertInputs implements RoutingListener {

  private record Place(int layer, int expert) {}

  /** Sums over one expert's tokens. */
  private static final class Sums {
    private long tokens;
    private final Tensor sum_D;
    private final Tensor outer_DD;

    Sums(long hiddenSize) {
      sum_D = zeros(hiddenSize);
      outer_DD = zeros(hiddenSize, hiddenSize);
    }

    private static Tensor zeros(long... shape) {
      return Scopes.unowned(torch.zeros(shape, Torch.options(ScalarType.Double)));
    }

    void add(Tensor x_ND) {
      tokens += x_ND.size(0);
      sum_D.add_(x_ND.sum(0));
      outer_DD.addmm_(x_ND.t(), x_ND);
    }

    void add(Sums other) {
      tokens += other.tokens;
      sum_D.add_(other.sum_D);
      outer_DD.add_(other.outer_DD);
    }
  }

  private final DecoderSpec spec;
  private final List<Map<Place, Sums>> byWorker = new ArrayList<>();

  ExpertInputs(DecoderSpec spec, int workers) {
    this.spec = spec;
    for (int worker = 0; worker < workers; worker++) {
      Map<Place, Sums> sums = new TreeMap<>(byLayerThenExpert());
      for (int layer : spec.mixtureLayers()) {
        for (int expert = 0; expert < experts(layer); expert++) {
          sums.put(new Place(layer, expert), new Sums(spec.hiddenSize()));
        }
      }
      byWorker.add(sums);
    }
  }

  private static Comparator<Place> byLayerThenExpert() {
    return Comparator.comparingInt(Place::layer).thenComparingInt(Place::expert);
  }

  private int experts(int layer) {
    return spec.mixture(layer).experts();
  }

  @Override
  public void routed(int worker, int layer, Tensor x_TD, int[] choice) {
    int topK = choice.length / Math.max(1, Math.toIntExact(x_TD.size(0)));
    for (int expert = 0; expert < experts(layer); expert++) {
      long[] tokens = tokensOf(expert, choice, topK);
      if (tokens.length > 0) {
        Sums sums = Objects.requireNonNull(byWorker.get(worker).get(new Place(layer, expert)));
        Scopes.freeAll(() ->
            sums.add(
                x_TD.index_select(0, Torch.tensor(tokens, tokens.length)).to(ScalarType.Double)));
      }
    }
  }

  private static long[] tokensOf(int expert, int[] choice, int topK) {
    return IntStream.range(0, choice.length)
        .filter(slot -> choice[slot] == expert)
        .mapToLong(slot -> slot / topK)
        .toArray();
  }

  /** Mean and centred covariance of each expert's inputs, by layer, then expert. */
  List<InputMoments> moments() {
    List<InputMoments> moments = new ArrayList<>();
    Map<Place, Sums> total = byWorker.getFirst();
    for (Map<Place, Sums> other : byWorker.subList(1, byWorker.size())) {
      total.forEach((place, sums) -> sums.add(Objects.requireNonNull(other.get(place))));
    }
    total.forEach((place, sums) -> moments.add(moments(place, sums)));
    return moments;
  }

  private static InputMoments moments(Place place, Sums sums) {
    double scale = 1.0 / Math.max(1, sums.tokens);
    Tensor mean_D = sums.sum_D.mul(Torch.scalar(scale));
    Tensor covariance_DD = sums.outer_DD.mul(Torch.scalar(scale)).sub_(torch.outer(mean_D, mean_D));
    return new InputMoments(
        place.layer(),
        place.expert(),
        sums.tokens,
        Torch.doubles(mean_D),
        Torch.doubles(covariance_DD));
  }
}
