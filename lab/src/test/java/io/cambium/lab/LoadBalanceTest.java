package io.cambium.lab;

import static io.cambium.lab.Events.growth;
import static io.cambium.lab.Events.run;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class LoadBalanceTest {

  private static final Offset<Double> TIGHT = within(1e-12);

  @Test
  void twoLayersOverTwoSteps() {
    // Means of the two steps, relative to 1/2: layer 0 has 1.25 and 0.75, layer 1 has 1 and 1.
    LoadBalance load =
        LoadBalance.atEnd(
            run(
                "run",
                step(1, List.of(0.5, 0.0), List.of(List.of(0.75, 0.25), List.of(0.5, 0.5))),
                step(2, List.of(0.0, 0.5), List.of(List.of(0.5, 0.5), List.of(0.5, 0.5)))));
    assertThat(load.maxVioBatch()).isCloseTo(0.25, TIGHT);
    assertThat(load.maxVioGlobal()).isCloseTo(0.125, TIGHT);
    assertThat(load.coefficientOfVariation()).isCloseTo(0.125, TIGHT);
    assertThat(load.lowest()).isCloseTo(0.75, TIGHT);
    assertThat(load.highest()).isCloseTo(1.25, TIGHT);
    assertThat(load.dead()).isZero();
  }

  @Test
  void anExpertIsDeadBelowEightPercentOfItsShare() {
    // The threshold at 5 experts is 0.08 / 5 = 0.016.
    assertThat(dead(0.016, 0.246, 0.246, 0.246, 0.246)).isZero();
    assertThat(dead(0.0159, 0.2461, 0.246, 0.246, 0.246)).isEqualTo(1);
    assertThat(dead(0.0, 0.0, 0.0, 0.5, 0.5)).isEqualTo(3);
    assertThat(dead(1.0)).isZero();
  }

  @Test
  void replicasHeldBackDoNotCount() {
    LoadBalance load =
        LoadBalance.atEnd(
            run("run", growth(1, "cold", 2, 5, 10), step(2, 0.5, 0.5, 0.0, 0.0, 0.0)));
    assertThat(load.dead()).isZero();
    assertThat(load.maxVioGlobal()).isCloseTo(0, TIGHT);
  }

  @Test
  void stepsBeforeTheModelGrewDoNotCount() {
    LoadBalance load =
        LoadBalance.atEnd(
            run(
                "run",
                step(1, 1.0, 0.0),
                growth(1, "lineage", 2, 3, 1),
                step(2, 1.0 / 3, 1.0 / 3, 1.0 / 3)));
    assertThat(load.maxVioGlobal()).isCloseTo(0, TIGHT);
    assertThat(load.dead()).isZero();
  }

  private static int dead(Double... load) {
    return LoadBalance.atEnd(run("run", step(1, load))).dead();
  }
}
