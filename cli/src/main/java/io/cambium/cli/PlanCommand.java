package io.cambium.cli;

import io.cambium.checkpoint.Json;
import io.cambium.lab.ThisMachine;
import io.cambium.lab.cost.CostPlan;
import io.cambium.training.config.HardwareConfig;
import io.cambium.training.config.RunConfig;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a run that grows will cost. */
@Command(
    name = "plan",
    description = {
      "Works out what a run that grows will cost on given hardware, and what growing saves.",
      "",
      "Reads run.yaml and the config.json of its model, whose weights need not exist. Step times"
          + " are those that FILE gives, measured by you; measured now, where the hardware is this"
          + " machine; or a rough model's. The output says which (docs/decide.md)."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium plan run.yaml --hardware h100",
      "  cambium plan run.yaml --hardware here",
      "  cambium plan run.yaml --hardware a100-80 --set growth.at=0.5 --json",
      "  cambium plan examples/7b-to-13b/run.yaml --hardware examples/7b-to-13b/hardware.yaml"
    })
final class PlanCommand implements Callable<Integer> {

  private static final String HERE = "here";

  @Parameters(paramLabel = "RUN.YAML", description = "The run's configuration (docs/train.md).")
  private Path file = Path.of("");

  @Option(
      names = "--hardware",
      required = true,
      paramLabel = "NAME",
      description =
          "a100-80, h100, a YAML file (docs/decide.md), or here: this machine, on which steps of"
              + " both models are measured first.")
  private String hardware = "";

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replaces a setting of RUN.YAML, such as growth.at=0.5. Repeatable.")
  private List<String> overrides = List.of();

  @Option(names = "--json", description = "The whole plan as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    RunConfig run = RunConfig.read(file, overrides);
    CostPlan plan =
        hardware.equals(HERE)
            ? ThisMachine.plan(run, this::say)
            : CostPlan.of(run, HardwareConfig.of(hardware));
    PrintWriter out = spec.commandLine().getOut();
    out.print(
        json
            ? new String(Json.bytes(plan), StandardCharsets.UTF_8)
            : new CostPlanText(plan).text());
    out.flush();
    return 0;
  }

  /** Beside what is printed, so that a plan in JSON is that alone. */
  private void say(String line) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(line);
    err.flush();
  }
}
