package io.cambium.lab.report;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.growth;
import static io.cambium.lab.Events.run;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.TrainingException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.figure.Figure;
import io.cambium.training.metrics.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reports on runs that were stopped between a growth and the next evaluation. */
class UnevaluatedGrowthTest {

  private static final Metric.Routing OF_TWO =
      new Metric.Routing(List.of(1), List.of("gloss"), List.of(List.of(List.of(0.25, 0.75))));
  private static final Metric[] GROWN = {
    step(1, 0.5, 0.5), evaluation(1, 3, OF_TWO), growth(1, "lineage", 2, 4, 0)
  };
  private static final RunHistory AT_ONCE = run("at-once", GROWN);
  private static final RunHistory TRAINED =
      run("trained", GROWN[0], GROWN[1], GROWN[2], step(2, 0.25, 0.25, 0.25, 0.25));

  private static ReportData report(RunHistory run) {
    return ReportData.of(new LinkedHashMap<>(Map.of("run", run)), null, new LinkedHashMap<>());
  }

  @Test
  void showWhatIsKnownOfTheGrownModel() {
    for (RunHistory run : List.of(AT_ONCE, TRAINED)) {
      ReportData data = report(run);
      SeedGroup group = data.groups().getFirst();
      assertThat(group.experts()).isEqualTo(4);
      assertThat(group.meanLoss().mean()).as("that of the growth").isEqualTo(3.25);
      assertThat(group.tokens()).isEqualTo(10);
      assertThat(group.loss()).as("of no domain").isEmpty();
      assertThat(data.experts().getFirst().routing().domains()).isEmpty();
      assertThat(Figures.of(data))
          .extracting(Figure::name)
          .contains("load-run-layer-1")
          .doesNotContain("specialisation-run-layer-1");
    }
  }

  @Test
  void needOneEvaluation() {
    RunHistory never = run("never", step(1, 0.5, 0.5));
    assertThatThrownBy(() -> report(never))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("holds no evaluation");
  }
}
