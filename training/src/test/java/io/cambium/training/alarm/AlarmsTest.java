package io.cambium.training.alarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.training.config.AlarmConfig;
import io.cambium.training.config.AlarmConfig.Coselection;
import io.cambium.training.config.AlarmConfig.DeadExperts;
import io.cambium.training.config.AlarmConfig.IdenticalClones;
import io.cambium.training.config.AlarmConfig.Overload;
import io.cambium.training.config.AlarmConfig.Spike;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Two routing layers, the second and the fourth of the model. */
class AlarmsTest {

  private static final List<Integer> LAYERS = List.of(1, 3);
  private static final Double[] EVEN = {0.25, 0.25, 0.25, 0.25};
  private static final AlarmConfig CONFIG =
      new AlarmConfig(
          new Spike(10, 5, 1, false),
          new Spike(10, 5, 0.1, true),
          new DeadExperts(3, false),
          new Overload(1.5, 4, false),
          new IdenticalClones(1e-3, 20, false),
          new Coselection(0.1, 0.2, 20, false));

  private Alarms alarms = new Alarms(CONFIG, LAYERS);
  private final List<Metric> log = new ArrayList<>();
  private final List<Metric.Alarm> said = new ArrayList<>();
  private long step;

  @Test
  void aGradientSpikeSpeaksOnceForEachOccurrence() {
    steps(30, 3, 0.5, EVEN);
    steps(1, 3, 0.99, EVEN);
    assertThat(said).isEmpty();
    steps(3, 3, 20, EVEN);
    assertThat(names()).containsExactly("gradient_spike");
    assertThat(said.getFirst().step()).isEqualTo(32);
    assertThat(said.getFirst().message())
        .isEqualTo("gradient norm 20.00, 40.0 times its median 0.5000 over the last 10 steps");
    assertThat(said.getFirst().stops()).isFalse();
    steps(9, 3, 0.5, EVEN);
    steps(1, 3, 20, EVEN);
    assertThat(said).hasSize(1);
    steps(10, 3, 0.5, EVEN);
    steps(1, 3, 20, EVEN);
    assertThat(names()).containsExactly("gradient_spike", "gradient_spike");
  }

  @Test
  void restlessValuesAreNoSpikes() {
    alarms = new Alarms(AlarmConfig.DEFAULT, LAYERS);
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 500; i++) {
      steps(1, 5 - i / 200.0 + 0.1 * random.nextGaussian(), 0.5 + random.nextDouble(), EVEN);
    }
    assertThat(said).isEmpty();
  }

  @Test
  void aLossSpikeCanStopTheRun() {
    steps(10, 3, 0.5, EVEN);
    steps(1, 3.29, 0.5, EVEN);
    assertThat(said).isEmpty();
    steps(1, 3.31, 0.5, EVEN);
    assertThat(names()).containsExactly("loss_spike");
    assertThat(said.getFirst().stops()).isTrue();
  }

  @Test
  void noSpikeBeforeThereIsAMedian() {
    steps(9, 3, 0.5, EVEN);
    steps(1, 9, 90, EVEN);
    assertThat(said).isEmpty();
  }

  @Test
  void deadExpertsAreNamedWithTheirLayer() {
    steps(2, 3, 0.5, 0.0, 0.5, 0.01, 0.49);
    steps(1, 3, 0.5, EVEN);
    steps(2, 3, 0.5, 0.0, 0.5, 0.01, 0.49);
    assertThat(said).isEmpty();
    steps(10, 3, 0.5, 0.0, 0.5, 0.01, 0.49);
    assertThat(names()).containsExactly("dead_experts");
    assertThat(said.getFirst().where()).isEqualTo(Map.of(3, List.of(0, 2)));
    assertThat(said.getFirst().message()).isEqualTo("dead for 3 steps: layer 3: experts 0, 2");
  }

  @Test
  void deathsOfALayerAreOneOccurrenceUntilAllAreAlive() {
    steps(10, 3, 0.5, 0.0, 0.4, 0.3, 0.3);
    steps(10, 3, 0.5, 0.0, 0.0, 0.5, 0.5);
    steps(2, 3, 0.5, EVEN);
    steps(10, 3, 0.5, 0.0, 0.0, 0.5, 0.5);
    assertThat(said).hasSize(1);
    steps(3, 3, 0.5, EVEN);
    steps(10, 3, 0.5, 0.5, 0.5, 0.0, 0.0);
    assertThat(said.stream().map(Metric.Alarm::where))
        .containsExactly(
            new TreeMap<>(Map.of(3, List.of(0))), new TreeMap<>(Map.of(3, List.of(2, 3))));
  }

  @Test
  void aGrowthBeginsWithOtherExperts() {
    steps(2, 3, 0.5, 0.0, 0.4, 0.3, 0.3);
    grow(0);
    steps(2, 3, 0.5, 0.0, 0.3, 0.3, 0.2, 0.2);
    assertThat(said).isEmpty();
    steps(1, 3, 0.5, 0.0, 0.3, 0.3, 0.2, 0.2);
    assertThat(names()).containsExactly("dead_experts");
  }

  @Test
  void overloadNamesTheBusiestExpert() {
    steps(3, 3, 0.5, 0.1, 0.1, 0.7, 0.1);
    assertThat(said).isEmpty();
    steps(20, 3, 0.5, 0.1, 0.1, 0.7, 0.1);
    assertThat(names()).containsExactly("overload");
    assertThat(said.getFirst().where()).isEqualTo(Map.of(3, List.of(2)));
    assertThat(said.getFirst().message()).contains("now up to 1.8").contains("layer 3: expert 2");
  }

  @Test
  void clonesHaveTimeToPartOnceTheReleaseIsOver() {
    evaluate(0.5, 0, 0.9, 0);
    evaluate(0.5, 1, 0.4, 0);
    evaluate(0.5, 1, 0.3, 0);
    assertThat(said).isEmpty();
    evaluate(0.5, 1, 0.3, 0);
    evaluate(0.5, 1, 0.3, 0);
    assertThat(names()).containsExactly("identical_clones");
    assertThat(said.getFirst().step()).isEqualTo(40);
    assertThat(said.getFirst().where()).isEqualTo(Map.of(1, List.of(0, 2), 3, List.of(0, 2)));
  }

  @Test
  void clonesThatPartSayNothing() {
    IntStream.range(0, 10).forEach(i -> evaluate(0.5, 1, 0.1, 0.01));
    assertThat(said).isEmpty();
  }

  @Test
  void coselectionThatDoesNotFallSpeaksOnce() {
    IntStream.range(0, 8).forEach(i -> evaluate(0.5, i < 2 ? 0.5 : 1, 0.46, 0.5));
    assertThat(names()).containsExactly("coselection");
    assertThat(said.getFirst().step()).isEqualTo(50);
    assertThat(said.getFirst().message())
        .contains("0.46 when the model became plain top-K, 0.46 now, 20 steps later")
        .contains("layer 1: experts 0, 2; layer 3: experts 0, 2");
  }

  @Test
  void coselectionThatFallsOrIsLowSaysNothing() {
    evaluate(0.5, 1, 0.5, 0.5);
    IntStream.range(0, 5).forEach(i -> evaluate(0.5, 1, 0.44, 0.5));
    grow(10);
    IntStream.range(0, 5).forEach(i -> evaluate(0.5, 1, 0.19, 0.5));
    assertThat(said).isEmpty();
  }

  @Test
  void whatWasHeardAgainIsSaidAgainWordForWord() {
    steps(12, 3, 0.5, EVEN);
    steps(7, 8, 9, 0.01, 0.1, 0.8, 0.09);
    IntStream.range(0, 6).forEach(i -> evaluate(0.5, 1, 0.5, 0));
    assertThat(names())
        .containsExactly(
            "gradient_spike",
            "loss_spike",
            "dead_experts",
            "overload",
            "identical_clones",
            "coselection");
    Alarms resumed = new Alarms(CONFIG, LAYERS);
    assertThat(log.stream().flatMap(event -> resumed.hear(event).stream()).toList())
        .isEqualTo(said);
  }

  /** The first layer even, the second as given. */
  private void steps(int count, double loss, double gradNorm, Double... load_E) {
    for (int i = 0; i < count; i++) {
      step++;
      Double[] even_E = new Double[load_E.length];
      Arrays.fill(even_E, 1.0 / load_E.length);
      List<List<Double>> load = List.of(List.of(even_E), List.of(load_E));
      hear(
          new Metric.Train(
              step,
              step * 10,
              loss,
              1e-3,
              gradNorm,
              100,
              step,
              List.of(0.0, 0.0),
              load.stream().map(AlarmsTest::balance).toList(),
              load));
    }
  }

  private static Balance balance(List<Double> load_E) {
    return Balance.of(
        load_E.stream().mapToDouble(x -> x).toArray(), IntStream.range(0, load_E.size()).toArray());
  }

  /** Ten steps later. */
  private void evaluate(double loss, double release, double coselection, double distance) {
    step += 10;
    LayerHealth.Siblings siblings =
        new LayerHealth.Siblings(2, coselection, 1.5, 0.5, distance, List.of(0, 2));
    LayerHealth health = new LayerHealth(new Balance(0, 0, 1, List.of()), 1, siblings);
    hear(
        new Metric.Evaluation(
            step,
            step * 10,
            new TreeMap<>(Map.of("gloss", loss)),
            loss,
            coselection,
            new Metric.Routing(LAYERS, List.of(), List.of()),
            0,
            release,
            List.of(),
            List.of(health, health)));
  }

  private void grow(long window) {
    hear(new Metric.Growth(step, step * 10, "lineage", "split", 4, 5, 3, 3, window));
  }

  private void hear(Metric event) {
    log.add(event);
    said.addAll(alarms.hear(event));
  }

  private List<String> names() {
    return said.stream().map(Metric.Alarm::alarm).toList();
  }
}
