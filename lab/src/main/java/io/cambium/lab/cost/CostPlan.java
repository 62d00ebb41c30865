package io.cambium.lab.cost;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.BatchConfig;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.HardwareConfig;
import io.cambium.training.config.RunConfig;
import java.util.List;
import java.util.Locale;

/**
 * What a run that grows will cost, before it starts.
 *
 * @param steps T
 * @param growsAfter tau
 * @param before the model until then
 * @param after the model from then on
 * @param devices that both step times are for
 * @param stepTimes where they come from
 * @param expertStepSaving (tau / T) (1 - 1 / m): what growing saves if all that a step costs grew
 *     with the number of experts
 */
public record CostPlan(
    HardwareConfig hardware,
    long tokensPerStep,
    int steps,
    int growsAfter,
    Phase before,
    Phase after,
    int devices,
    Origin stepTimes,
    Cost cost,
    double expertStepSaving,
    Sweep sweep) {

  /** Where step times come from. */
  public enum Origin {
    /** They were measured elsewhere, and stand in the hardware's file. */
    GIVEN,
    /** They were measured where the plan is made, with random weights and tokens. */
    MEASURED,
    /** {@link StepTime} estimates them. */
    MODELLED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One of the two models on the hardware.
   *
   * @param memory of one of the devices
   * @param fewestDevices that hold it; 0 if one micro batch alone does not fit
   * @param modelled the estimate of a step, also where its time is given
   * @param seconds of a step
   */
  public record Phase(
      ModelSize model, Memory memory, int fewestDevices, StepTime modelled, double seconds) {}

  /**
   * Plans a run. Of its model only config.json is read.
   *
   * @throws UsageException if it does not grow, or fits on no number of devices
   */
  public static CostPlan of(RunConfig run, HardwareConfig hardware) {
    Origin stepTimes = hardware.hasStepTimes() ? Origin.GIVEN : Origin.MODELLED;
    return of(run, source(run), hardware, stepTimes);
  }

  private static GrowthConfig.Stage growth(RunConfig run) {
    List<GrowthConfig.Stage> growths = run.growths();
    if (growths.isEmpty()) {
      throw new UsageException(
          "growth", "is missing: a plan compares growing with not growing", "add growth:");
    }
    if (growths.size() > 1) {
      throw new UsageException(
          "growth.at",
          "are %d growths: a plan is of one".formatted(growths.size()),
          "plan the first by itself: --set growth.at=%d --set growth.experts=%d"
              .formatted(growths.getFirst().step(), growths.getFirst().experts()));
    }
    return growths.getFirst();
  }

  /**
   * The model of a run that grows.
   *
   * @throws UsageException if it does not
   */
  public static ModelSize.Source source(RunConfig run) {
    ModelSize.Source source = ModelSize.Source.of(run.model());
    int experts = growth(run).experts();
    if (experts <= source.experts()) {
      throw new UsageException(
          "growth.experts",
          experts + " are no more than the " + source.experts() + " the model has",
          "name a larger number");
    }
    return source;
  }

  /**
   * The same of a run whose model was looked at before.
   *
   * @param source {@link #source} of the run
   * @param stepTimes where those of the hardware come from
   */
  public static CostPlan of(
      RunConfig run, ModelSize.Source source, HardwareConfig hardware, Origin stepTimes) {
    GrowthConfig.Stage growth = growth(run);
    int devices = devices(source.size(growth.experts(), run.batch()), hardware);
    Phase before = phase(source, source.experts(), run.batch(), devices, hardware, false);
    Phase after = phase(source, growth.experts(), run.batch(), devices, hardware, true);
    int tau = growth.step();
    double multiplier = (double) growth.experts() / source.experts();
    return new CostPlan(
        hardware,
        run.tokensPerStep(),
        run.steps(),
        tau,
        before,
        after,
        devices,
        stepTimes,
        Cost.of(run.steps(), tau, before.seconds(), after.seconds()),
        (double) tau / run.steps() * (1 - 1 / multiplier),
        Sweep.of(
            m -> seconds(source, m, before, after, run.batch(), devices, hardware),
            (int) Math.round(multiplier),
            (double) tau / run.steps()));
  }

  /** Those given, or the fewest that hold the larger model, in whole nodes beyond one. */
  private static int devices(ModelSize larger, HardwareConfig hardware) {
    if (hardware.devices() > 0) {
      return hardware.devices();
    }
    int fewest = Memory.fewestDevices(larger.parameters(), larger.activations(), hardware);
    if (fewest == 0) {
      throw new UsageException(
          "batch.micro_batch",
          "leaves %.0f GB of activations, more than a device of %s takes"
              .formatted(larger.activations() / 1e9, hardware.name()),
          "lower it, or batch.length");
    }
    int node = hardware.devicesPerNode();
    return fewest <= node ? fewest : Math.ceilDiv(fewest, node) * node;
  }

  private static Phase phase(
      ModelSize.Source source,
      int experts,
      BatchConfig batch,
      int devices,
      HardwareConfig hardware,
      boolean after) {
    ModelSize model = source.size(experts, batch);
    StepTime modelled = StepTime.of(model, batch, devices, hardware);
    double given = after ? hardware.secondsAfter() : hardware.secondsBefore();
    return new Phase(
        model,
        Memory.of(model.parameters(), model.activations(), devices),
        Memory.fewestDevices(model.parameters(), model.activations(), hardware),
        modelled,
        hardware.hasStepTimes() ? given : modelled.seconds());
  }

  /** Of a step with m times the experts; where times are given, on the line through both. */
  private static double seconds(
      ModelSize.Source source,
      int multiplier,
      Phase before,
      Phase after,
      BatchConfig batch,
      int devices,
      HardwareConfig hardware) {
    int experts = multiplier * before.model().experts();
    if (!hardware.hasStepTimes()) {
      return StepTime.of(source.size(experts, batch), batch, devices, hardware).seconds();
    }
    double slope =
        (after.seconds() - before.seconds()) / (after.model().experts() - before.model().experts());
    return before.seconds() + slope * (experts - before.model().experts());
  }
}
