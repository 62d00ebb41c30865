package io.cambium.lab.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.HardwareConfig;
import io.cambium.training.config.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example that ships, which is the paper's setting. */
class CostPlanTest {

  private static final Path EXAMPLE = Path.of("..", "examples", "7b-to-13b");
  private static final Offset<Double> PERCENT = Offset.offset(0.005);

  @TempDir Path folder;

  @Test
  void givesThePublishedSavings() {
    CostPlan half = plan(paper());
    assertThat(half.stepTimes()).isEqualTo(CostPlan.Origin.GIVEN);
    assertThat(half.cost().saving()).isEqualTo(0.32, PERCENT);
    assertThat(half.cost().savingWithSunkSource()).isEqualTo(0.67, PERCENT);
    CostPlan whole = plan(paper(), "growth.at=0.5");
    assertThat(whole.cost().saving()).isEqualTo(0.24, PERCENT);
    assertThat(whole.cost().savingWithSunkSource()).isEqualTo(0.50, PERCENT);
    assertThat(whole.expertStepSaving()).isEqualTo(0.25);
  }

  @Test
  void theExampleIsOfSevenAndThirteenBillion() {
    CostPlan plan = plan(HardwareConfig.H100);
    assertThat(plan.before().model().parameters() / 1e9).isBetween(6.5, 7.5);
    assertThat(plan.after().model().parameters() / 1e9).isBetween(12.5, 13.5);
    // The router is all that a token meets more of.
    assertThat(plan.after().model().flops().experts())
        .isEqualTo(plan.before().model().flops().experts());
    assertThat(plan.after().model().flops().matrices() - plan.before().model().flops().matrices())
        .isEqualTo(24 * 2.0 * 2048 * 32);
  }

  @Test
  void saysHowManyDevicesHoldAModel() {
    CostPlan plan = plan(HardwareConfig.H100);
    CostPlan.Phase after = plan.after();
    assertThat(plan.stepTimes()).isEqualTo(CostPlan.Origin.MODELLED);
    assertThat(after.memory().total()).isLessThanOrEqualTo(HardwareConfig.H100.usableBytes());
    Memory onOneLess =
        Memory.of(
            after.model().parameters(), after.model().activations(), after.fewestDevices() - 1);
    assertThat(onOneLess.total()).isGreaterThan(HardwareConfig.H100.usableBytes());
    assertThat(after.memory().weights())
        .isEqualTo(6.0 * after.model().parameters() / plan.devices());
    assertThatThrownBy(() -> plan(HardwareConfig.H100, "batch.micro_batch=64"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("batch.micro_batch");
  }

  @Test
  void theSweepHoldsTheRunAndMarksTheKnees() {
    CostPlan plan = plan(paper());
    Sweep.Row own =
        plan.sweep().rows().stream()
            .filter(row -> Math.abs(row.share() - 2.0 / 3) < 1e-9)
            .findFirst()
            .orElseThrow();
    assertThat(own.savings().getFirst()).isEqualTo(plan.cost().saving(), Offset.offset(1e-9));
    assertThat(plan.sweep().multipliers()).containsExactly(2, 4, 8, 16);
    assertThat(plan.sweep().kneeShare()).isEqualTo(0.38);
    assertThat(plan.sweep().kneeMultiplier()).isEqualTo(4);
  }

  @Test
  void aKneeIsWhereACurveBendsMost() {
    assertThat(Knee.of(List.of(0.0, 1.0, 2.0, 3.0), List.of(0.0, 5.0, 6.0, 6.5))).isEqualTo(1);
    assertThat(Knee.of(List.of(0.0, 1.0, 2.0), List.of(0.0, 1.0, 2.0))).isZero();
  }

  @Test
  void refusesHardwareThatIsNotWhole() throws IOException {
    Path file = folder.resolve("hardware.yaml");
    Files.writeString(file, "seconds_before: 2.2\n");
    assertThatThrownBy(() -> HardwareConfig.of(file.toString()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("measure both");
    Files.writeString(file, "memory: 80\n");
    assertThatThrownBy(() -> HardwareConfig.of(file.toString()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("memory");
    assertThatThrownBy(() -> HardwareConfig.of("b300"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("a100-80, h100");
  }

  @Test
  void refusesARunThatDoesNotGrow() {
    assertThatThrownBy(() -> plan(paper(), "growth=null"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("growth");
    assertThatThrownBy(() -> plan(paper(), "growth.experts=32"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("no more than the 32");
  }

  private static HardwareConfig paper() {
    return HardwareConfig.of(EXAMPLE.resolve("hardware.yaml").toString());
  }

  private static CostPlan plan(HardwareConfig hardware, String... overrides) {
    List<String> all = new ArrayList<>(List.of("model=" + EXAMPLE));
    all.addAll(List.of(overrides));
    return CostPlan.of(RunConfig.read(EXAMPLE.resolve("run.yaml"), all), hardware);
  }
}
