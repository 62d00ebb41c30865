package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.UsageException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedrawnNeuronsTest {

  private static final int WIDTH = 11;
  private static final int HIDDEN = 6;

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void redrawsExactlyTheChosenNeurons(int axis) {
    Neurons neurons = new Neurons(7, 1, 9, WIDTH, 5);
    Set<Integer> chosen = new TreeSet<>(Arrays.stream(neurons.indices()).boxed().toList());
    assertThat(chosen).hasSize(5).allMatch(i -> i >= 0 && i < WIDTH);
    float[] before = random(WIDTH * HIDDEN);
    float[] after = redraw(before.clone(), neurons, axis, "tensor");
    float[] cleared = RedrawnNeurons.clear(before.clone(), neurons, axis);
    for (int i = 0; i < before.length; i++) {
      int neuron = axis == 0 ? i / HIDDEN : i % WIDTH;
      if (chosen.contains(neuron)) {
        assertThat(after[i]).isNotEqualTo(before[i]);
        assertThat(cleared[i]).isZero();
      } else {
        assertThat(after[i]).isEqualTo(before[i]);
        assertThat(cleared[i]).isEqualTo(before[i]);
      }
    }
  }

  @Test
  void drawsFromTheNormalDistributionOfWhatItReplaces() {
    int hidden = 1000;
    Neurons neurons = new Neurons(7, 1, 9, WIDTH, 5);
    Set<Integer> chosen = new TreeSet<>(Arrays.stream(neurons.indices()).boxed().toList());
    float[] values = new float[WIDTH * hidden];
    for (int i = 0; i < values.length; i++) {
      // The chosen neurons alternate between 2 and 8; the others are far away.
      values[i] = !chosen.contains(i / hidden) ? 1000 : i % 2 == 0 ? 2 : 8;
    }
    float[] after = redraw(values, neurons, 0, "tensor");
    double mean = 0;
    double squares = 0;
    double cubes = 0;
    for (int i = 0; i < after.length; i++) {
      if (chosen.contains(i / hidden)) {
        mean += after[i] / 5000.0;
        squares += Math.pow(after[i] - 5, 2) / 5000;
        cubes += Math.pow(after[i] - 5, 3) / 5000;
      }
    }
    // Five standard errors of 5,000 draws from N(5, 3).
    assertThat(mean).isCloseTo(5, within(5 * 3 / Math.sqrt(5000)));
    assertThat(squares).isCloseTo(9, within(5 * 9 * Math.sqrt(2.0 / 5000)));
    assertThat(cubes).isCloseTo(0, within(5 * 27 * Math.sqrt(15.0 / 5000)));
  }

  @Test
  void dependsOnSeedAndNameAlone() {
    Neurons neurons = new Neurons(7, 1, 9, WIDTH, 5);
    float[] before = random(WIDTH * HIDDEN);
    float[] first = redraw(before.clone(), neurons, 0, "a");
    assertThat(redraw(before.clone(), neurons, 0, "a")).isEqualTo(first);
    assertThat(redraw(before.clone(), neurons, 0, "b")).isNotEqualTo(first);
    Neurons reseeded = new Neurons(8, 1, 9, WIDTH, 5);
    assertThat(redraw(before.clone(), reseeded, 0, "a")).isNotEqualTo(first);
    assertThat(reseeded.indices()).isNotEqualTo(neurons.indices());
    assertThat(new Neurons(7, 1, 10, WIDTH, 5).indices()).isNotEqualTo(neurons.indices());
    assertThat(new Neurons(7, 1, 9, WIDTH, WIDTH).indices())
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  }

  @Test
  void choosesEveryNeuronEquallyOften() {
    int[] times = new int[WIDTH];
    for (int expert = 0; expert < 2200; expert++) {
      for (int i : new Neurons(0, 1, expert, WIDTH, 5).indices()) {
        times[i]++;
      }
    }
    // 1,000 expected of each; five standard deviations of a hypergeometric share.
    for (int count : times) {
      assertThat(count).isBetween(1000 - 117, 1000 + 117);
    }
  }

  /** 1.0 / 49 * 49 is less than one. */
  @Test
  void theShareThatIsNamedIsOneNeuron() {
    for (int n = 1; n < 3000; n++) {
      int width = n;
      UsageException refused =
          catchThrowableOfType(
              UsageException.class, () -> Neurons.count(0.9 / width, width, "option"));
      String named = Objects.requireNonNull(refused.remedy()).replace("give at least ", "");
      assertThat(Neurons.count(Double.parseDouble(named), width, "option")).isEqualTo(1);
    }
  }

  private static float[] redraw(float[] values, Neurons neurons, int axis, String tensor) {
    CounterRandom random = CounterRandom.of(neurons.seed(), tensor);
    return RedrawnNeurons.redraw(values, neurons, axis, new Noise().normals(values.length, random));
  }

  private static float[] random(int length) {
    CounterRandom random = CounterRandom.of(2, "test");
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.gaussian(i);
    }
    return values;
  }
}
