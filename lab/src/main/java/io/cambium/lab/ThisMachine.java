package io.cambium.lab;

import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.lab.cost.CostPlan;
import io.cambium.lab.cost.Memory;
import io.cambium.lab.cost.ModelSize;
import io.cambium.model.Torch;
import io.cambium.training.MachineMemory;
import io.cambium.training.config.HardwareConfig;
import io.cambium.training.config.RunConfig;
import java.util.function.Consumer;

/** The machine that this program runs on, as hardware that a run is planned for: one device. */
public final class ThisMachine {

  private static final String NAME = "this machine";

  private static final double GIGA = 1e9;

  /** Steps of each model, of which the best counts. */
  private static final int STEPS = 3;

  private ThisMachine() {}

  /**
   * Plans a run on this machine, by measuring some steps before and after growing, with random
   * weights and tokens.
   *
   * @param log is told of every step
   * @throws UsageException if the run does not grow, or the grown model does not fit
   */
  public static CostPlan plan(RunConfig run, Consumer<String> log) {
    ModelSize.Source source = CostPlan.source(run);
    int experts = run.growths().getLast().experts();
    double memoryGb = MachineMemory.available() / GIGA;
    requireFits(source.size(experts, run.batch()), hardware(memoryGb, 1, 1, 0, 0));
    Benchmark.Result before = measure(run, source, source.experts(), log);
    Benchmark.Result after = measure(run, source, experts, log);
    HardwareConfig measured =
        hardware(
            memoryGb,
            before.rate() / (1e3 * GIGA),
            Math.min(1, before.share()),
            before.seconds(),
            after.seconds());
    return CostPlan.of(run, source, measured, CostPlan.Origin.MEASURED);
  }

  /** What lies between devices is not asked for where there is one. */
  private static HardwareConfig hardware(
      double memoryGb, double teraflops, double utilisation, double before, double after) {
    HardwareConfig other = HardwareConfig.A100_80;
    return new HardwareConfig(
        NAME,
        memoryGb,
        other.usableMemory(),
        teraflops,
        utilisation,
        other.memoryGbPerSecond(),
        other.linkGbPerSecond(),
        other.networkGbPerSecond(),
        1,
        1,
        before,
        after);
  }

  private static void requireFits(ModelSize grown, HardwareConfig hardware) {
    if (Memory.fewestDevices(grown.parameters(), grown.activations(), hardware) != 1) {
      throw new UsageException(
          "--hardware here",
          "the grown model needs %.1f GB, and %.1f are free"
              .formatted(
                  Memory.of(grown.parameters(), grown.activations(), 1).total() / GIGA,
                  hardware.usableBytes() / GIGA),
          "plan for other hardware, with step times measured there");
    }
  }

  private static Benchmark.Result measure(
      RunConfig run, ModelSize.Source source, int experts, Consumer<String> log) {
    log.accept("measuring steps with %d experts".formatted(experts));
    DecoderSpec spec = source.withExperts(experts);
    Benchmark.Result result =
        Benchmark.run(spec, source.family().tensors(spec), run.batch(), STEPS, run.workers(), log);
    Torch.collect(); // the next model needs the room
    return result;
  }
}
