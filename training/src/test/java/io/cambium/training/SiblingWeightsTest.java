package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.model.Decoder;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.model.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SiblingWeightsTest {

  private static final List<Integer> PARENTS = List.of(0, 1, 2, 0, 0);
  private Weights weights;

  @BeforeEach
  void randomModel() {
    Torch.start();
    Mixture mixture = new Mixture(5, 1, 3, 0, new Router(Score.SOFTMAX, false, true, 1));
    GroupedQuery attention = GroupedQuery.plain(1, 1, 4, false, HeadNorm.NONE, new Rope(10_000, 4));
    DecoderSpec spec = DecoderSpec.plain(7, 6, 1e-5, false, attention, List.of(mixture, mixture));
    Family family = Families.named("mixtral");
    weights = Weights.random(spec, family.tensors(spec), 0.5);
  }

  private Map<Integer, List<SiblingWeights.Pair>> compare() {
    try (Team team = new Team(3)) {
      return SiblingWeights.compare(
          Decoder.forInference(weights, team), Map.of(0, PARENTS, 1, PARENTS));
    }
  }

  @Test
  void eachSiblingIsComparedWithTheNextOverAllItsWeights() {
    compare()
        .forEach((layer, pairs) -> {
          assertThat(pairs).hasSize(2);
          assertThat(pairs.get(0).first()).isEqualTo(0);
          assertThat(pairs.get(0).second()).isEqualTo(3);
          assertThat(pairs.get(1).first()).isEqualTo(3);
          assertThat(pairs.get(1).second()).isEqualTo(4);
          for (SiblingWeights.Pair pair : pairs) {
            double[] a = expert(layer, pair.first());
            double[] b = expert(layer, pair.second());
            double cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
            assertThat(pair.cosine()).isCloseTo(cosine, within(1e-6));
            double[] difference = new double[a.length];
            for (int i = 0; i < a.length; i++) {
              difference[i] = a[i] - b[i];
            }
            double norm = Math.sqrt(Math.max(dot(a, a), dot(b, b)));
            assertThat(pair.distance())
                .isCloseTo(Math.sqrt(dot(difference, difference)) / norm, within(1e-6));
          }
        });
  }

  @Test
  void copiesHaveNoDistanceAndNearestFindsThem() {
    for (Tensor[] pair : parts(1, 3, 4)) {
      pair[1].copy_(pair[0]);
    }
    List<SiblingWeights.Pair> pairs = compare().getOrDefault(1, List.of());
    SiblingWeights.Pair nearest = SiblingWeights.nearest(pairs);
    assertThat(nearest).isEqualTo(new SiblingWeights.Pair(3, 4, 1, 0));
  }

  @Test
  void zerosAreCopiesOfZerosAndFarFromAllElse() {
    for (Tensor[] pair : parts(0, 0, 3)) {
      pair[0].zero_();
    }
    SiblingWeights.Pair pair = compare().getOrDefault(0, List.of()).getFirst();
    assertThat(pair.cosine()).isZero();
    assertThat(pair.distance()).isCloseTo(1, within(1e-6));
  }

  private double[] expert(int layer, int expert) {
    return parts(layer, expert, expert).stream()
        .map(pair -> Torch.floats(pair[0]))
        .flatMap(values -> {
          List<Double> list = new ArrayList<>();
          for (float value : values) {
            list.add((double) value);
          }
          return list.stream();
        })
        .mapToDouble(x -> x)
        .toArray();
  }

  /** The matrices of two experts, part by part. */
  private List<Tensor[]> parts(int layer, int first, int second) {
    List<Tensor[]> parts = new ArrayList<>();
    Map<ModelTensor, Tensor> all = weights.all();
    all.forEach((tensor, value) -> {
      if (tensor.part().isExpert() && tensor.layer() == layer && tensor.expert() == first) {
        all.forEach((other, otherValue) -> {
          if (other.part() == tensor.part() && other.layer() == layer && other.expert() == second) {
            parts.add(new Tensor[] {value, otherValue});
          }
        });
      }
    });
    return parts;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
