package io.cambium.lab.experiment;

import io.cambium.lab.GapClosure;
import io.cambium.lab.LargestRise;
import io.cambium.lab.LoadBalance;
import io.cambium.lab.comparison.DemoSummary.Grown;
import io.cambium.lab.figure.Csv;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The results for whatever draws figures: a line for each arm and seed, and one for each arm over
 * its seeds. What there is none of is empty.
 */
final class ResultsCsv {

  private static final List<String> COLUMNS =
      List.of(
          "arm",
          "seed",
          "experts",
          "tokens",
          "seconds",
          "expert_steps",
          "saving",
          "mean_loss",
          "loss_before_growth",
          "loss_after_growth",
          "jump",
          "largest_rise",
          "largest_rise_tokens",
          "max_vio_batch",
          "max_vio_global",
          "load_cv",
          "dead_experts",
          "domain_distance",
          "source_loss",
          "recovered_steps",
          "recovered_tokens",
          "bound_capacity_term",
          "bound_initialisation_term");

  private static final List<String> ARM_COLUMNS =
      List.of(
          "arm",
          "seeds",
          "mean_loss",
          "mean_loss_low",
          "mean_loss_high",
          "fixed_e",
          "fixed_me",
          "gap",
          "gap_noise",
          "eta",
          "eta_low",
          "eta_high",
          "eta_lowest_seed",
          "eta_highest_seed");

  private ResultsCsv() {}

  /** An interval is 95 %, of three seeds or more. Where the gap is not resolved there is no eta. */
  static String ofArms(Results results) {
    Csv csv = new Csv().row(ARM_COLUMNS);
    results.arms().forEach(arm -> csv.row(cells(arm).toList()));
    return csv.text();
  }

  private static Stream<String> cells(ArmResult arm) {
    Estimate loss = arm.loss();
    GapClosure closure = arm.gapClosure();
    Estimate eta = arm.eta();
    return Stream.of(
        arm.arm(),
        cell(arm.seeds().size()),
        cell(loss == null ? null : loss.value()),
        cell(loss == null ? null : loss.low()),
        cell(loss == null ? null : loss.high()),
        cell(arm.fixedE()),
        cell(arm.fixedmE()),
        cell(closure == null ? null : closure.gap()),
        cell(closure == null ? null : closure.noise()),
        cell(eta == null ? null : eta.value()),
        cell(eta == null ? null : eta.low()),
        cell(eta == null ? null : eta.high()),
        cell(eta == null ? null : eta.lowest()),
        cell(eta == null ? null : eta.highest()));
  }

  static String ofRuns(Results results) {
    Set<String> domains =
        results.arms().stream()
            .flatMap(arm -> arm.seeds().stream())
            .flatMap(run -> run.loss().keySet().stream())
            .collect(Collectors.toCollection(TreeSet::new));
    Csv csv = new Csv();
    csv.row(
        Stream.concat(COLUMNS.stream(), domains.stream().map(domain -> "loss_" + domain)).toList());
    for (ArmResult arm : results.arms()) {
      for (MeasuredRun run : arm.seeds()) {
        Stream<String> byDomain = domains.stream().map(domain -> cell(run.loss().get(domain)));
        csv.row(Stream.concat(cells(arm.arm(), run), byDomain).toList());
      }
    }
    return csv.text();
  }

  private static Stream<String> cells(String arm, MeasuredRun run) {
    Grown growth = run.growth();
    LargestRise rise = growth == null ? null : growth.largestRise();
    LoadBalance load = run.load();
    MeasuredRun.Recovery recovery = run.recovery();
    RegretBounds.Terms bounds =
        run.regretBounds() instanceof RegretBounds.Terms terms ? terms : null;
    return Stream.of(
        arm,
        cell(run.seed()),
        cell(run.experts()),
        cell(run.tokens()),
        cell(run.seconds()),
        cell(run.expertSteps()),
        cell(run.saving()),
        cell(run.meanLoss()),
        cell(growth == null ? null : growth.lossBefore()),
        cell(growth == null ? null : growth.lossAfter()),
        cell(growth == null ? null : growth.jump()),
        cell(rise == null ? null : rise.nats()),
        cell(rise == null ? null : rise.tokens()),
        cell(load == null ? null : load.maxVioBatch()),
        cell(load == null ? null : load.maxVioGlobal()),
        cell(load == null ? null : load.coefficientOfVariation()),
        cell(load == null ? null : load.dead()),
        cell(run.specialisation().isEmpty() ? null : run.specialisation().getLast().distance()),
        cell(recovery == null ? null : recovery.sourceLoss()),
        cell(recovery == null ? null : recovery.steps()),
        cell(recovery == null ? null : recovery.tokens()),
        cell(bounds == null ? null : bounds.capacity()),
        cell(bounds == null ? null : bounds.initialisation()));
  }

  private static String cell(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }
}
