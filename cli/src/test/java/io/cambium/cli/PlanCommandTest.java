package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class PlanCommandTest {

  private static final String EXAMPLE = "../examples/7b-to-13b";

  private final Console console = new Console();

  @Test
  void printsWhatGrowingSavesAndWhereStepTimesComeFrom() {
    assertThat(run(EXAMPLE + "/hardware.yaml")).isZero();
    assertThat(console.out())
        .contains("step times given", "32 %", "67 %", "fewest devices", "0.380 of the steps *");
    console.clear();
    assertThat(run("h100", "--set", "growth.at=0.5")).isZero();
    assertThat(console.out()).contains("step times modelled, not measured", "75,000 of 150,000");
  }

  @Test
  void printsJson() {
    assertThat(run(EXAMPLE + "/hardware.yaml", "--json")).isZero();
    JsonNode plan = Json.MAPPER.readTree(console.out());
    assertThat(plan.path("stepTimes").stringValue()).isEqualTo("given");
    assertThat(plan.path("after").path("memory").path("moments").doubleValue()).isPositive();
    assertThat(plan.path("sweep").path("rows").size()).isEqualTo(8);
  }

  @Test
  void measuresStepsWhereItRuns(@TempDir Path directory) throws Exception {
    Path run = directory.resolve("run.yaml");
    Files.writeString(
        run,
        """
        model: %s
        data: %s
        steps: 90
        workers: 2
        batch: {sequences: 5, length: 8, micro_batch: 2}
        growth: {at: 30, experts: 12}
        """
            .formatted(Goldens.unpack("mixtral", directory), directory));
    assertThat(console.run("plan", run.toString(), "--hardware", "here", "--json")).isZero();
    JsonNode plan = Json.MAPPER.readTree(console.out());
    assertThat(plan.path("stepTimes").stringValue()).isEqualTo("measured");
    assertThat(plan.path("devices").intValue()).isOne();
    double before = plan.path("before").path("seconds").doubleValue();
    double after = plan.path("after").path("seconds").doubleValue();
    assertThat(before).isPositive();
    assertThat(plan.path("cost").path("upcycled").doubleValue())
        .isCloseTo(30 * before + 60 * after, within(1e-9));
    assertThat(console.err()).contains("measuring steps with 12 experts", "step 3: ");
  }

  @Test
  void wrongUsageIsNamed() {
    assertThat(run("tpu")).isEqualTo(2);
    assertThat(console.err()).contains("known: a100-80, h100");
  }

  private int run(String hardware, String... options) {
    List<String> args =
        List.of("plan", EXAMPLE + "/run.yaml", "--hardware", hardware, "--set", "model=" + EXAMPLE);
    return console.run(args, options);
  }
}
