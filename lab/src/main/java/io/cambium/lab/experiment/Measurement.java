package io.cambium.lab.experiment;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.TrainingException;
import io.cambium.lab.GapClosure;
import io.cambium.lab.LargestRise;
import io.cambium.lab.LoadBalance;
import io.cambium.lab.RunHistory;
import io.cambium.lab.comparison.DemoSummary.Grown;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The figures of an experiment, from the logs of its runs. */
final class Measurement {

  /** What a gap closure compares, of one seed. */
  private record Triple(RunHistory fixedE, RunHistory upcycled, RunHistory fixedmE) {

    GapClosure.Losses losses() {
      return new GapClosure.Losses(loss(fixedE), loss(upcycled), loss(fixedmE));
    }

    private static double loss(RunHistory run) {
      return run.finalEvaluation().meanLoss();
    }
  }

  private final ExperimentPlan plan;
  private final Set<PlannedRun> failed;
  private final Map<PlannedRun, RunHistory> histories = new HashMap<>();

  /**
   * @param failures runs that are not measured; those are added that have all their steps and no
   *     evaluation at the last, as losses at other steps do not compare
   */
  Measurement(ExperimentPlan plan, Map<PlannedRun, CambiumException> failures) {
    this.plan = plan;
    this.failed = failures.keySet();
    for (PlannedRun run : plan.runs()) {
      if (!run.isSourceOnly() && !failures.containsKey(run)) {
        requireEvaluatedAtItsEnd(run).ifPresent(why -> failures.put(run, why));
      }
    }
  }

  private Optional<CambiumException> requireEvaluatedAtItsEnd(PlannedRun run) {
    long step = history(run).finalEvaluation().step();
    return step == run.lastStep()
        ? Optional.empty()
        : Optional.of(
            new TrainingException(
                run.directory(),
                "was last evaluated at step %d of %d".formatted(step, run.lastStep()),
                "delete it, and --resume trains it anew"));
  }

  ArmResult of(ArmSettings arm) {
    List<MeasuredRun> seeds = runs(arm).stream().map(run -> measure(arm, run)).toList();
    Estimate loss =
        seeds.isEmpty()
            ? null
            : Estimate.ofMean(seeds.stream().map(MeasuredRun::meanLoss).toList());
    if (arm.growth() == null) {
      return new ArmResult(arm.name(), loss, null, null, null, null, seeds);
    }
    ArmSettings fixedE = plan.fixedE(arm).orElse(null);
    ArmSettings fixedmE = plan.fixedmE(arm).orElse(null);
    List<Triple> triples =
        fixedE == null || fixedmE == null ? List.of() : triples(arm, fixedE, fixedmE);
    GapClosure closure = triples.isEmpty() ? null : closure(triples);
    return new ArmResult(
        arm.name(),
        loss,
        fixedE == null ? null : fixedE.name(),
        fixedmE == null ? null : fixedmE.name(),
        closure,
        closure == null || closure.eta() == null ? null : eta(triples),
        seeds);
  }

  private List<PlannedRun> runs(ArmSettings arm) {
    return plan.experiment().seeds().stream()
        .map(seed -> plan.run(arm.name(), seed))
        .filter(run -> !failed.contains(run))
        .toList();
  }

  private Optional<PlannedRun> done(@Nullable ArmSettings arm, long seed) {
    return arm == null
        ? Optional.empty()
        : runs(arm).stream().filter(run -> run.seed() == seed).findFirst();
  }

  private RunHistory history(PlannedRun run) {
    return histories.computeIfAbsent(run, plan::history);
  }

  private MeasuredRun measure(ArmSettings arm, PlannedRun run) {
    RunHistory history = history(run);
    Metric.Evaluation last = history.finalEvaluation();
    long most = (long) run.config().steps() * history.experts();
    return new MeasuredRun(
        run.seed(),
        history.experts(),
        last.tokens(),
        history.seconds(),
        history.expertSteps(),
        most == 0 ? 0 : 1 - (double) history.expertSteps() / most,
        last.loss(),
        last.meanLoss(),
        history.experts() == 0 ? null : LoadBalance.atEnd(history),
        history.costliestGrowth().map(growth -> grown(arm, run, history, growth)).orElse(null),
        MeasuredRun.Specialised.of(history.evaluations()),
        recovery(run, history).orElse(null),
        history.growth().isPresent() ? regretBounds(arm, run, history) : null);
  }

  /** From the first growth on; the jump is that of the costliest. */
  private Grown grown(
      ArmSettings arm, PlannedRun run, RunHistory history, Metric.Growth costliest) {
    Metric.Growth first = history.growths().getFirst();
    long remaining = run.config().steps() - first.step();
    return new Grown(
        first.mode(),
        first.rows(),
        first.sourceExperts(),
        first.tokens(),
        remaining,
        costliest.lossBefore(),
        costliest.lossAfter(),
        done(plan.fixedE(arm).orElse(null), run.seed())
            .flatMap(ungrown -> LargestRise.of(history, history(ungrown), remaining))
            .orElse(null));
  }

  private RegretBounds regretBounds(ArmSettings arm, PlannedRun run, RunHistory history) {
    ArmSettings fixedE = plan.fixedE(arm).orElse(null);
    ArmSettings fixedmE = plan.fixedmE(arm).orElse(null);
    if (fixedE == null || fixedmE == null) {
      return new RegretBounds.None(
          "an arm that "
              + (fixedE == null
                  ? "is the same without growing"
                  : "has all experts from the start"));
    }
    Optional<PlannedRun> small = done(fixedE, run.seed());
    Optional<PlannedRun> large = done(fixedmE, run.seed());
    if (small.isEmpty() || large.isEmpty()) {
      return new RegretBounds.None(
          plan.run((small.isEmpty() ? fixedE : fixedmE).name(), run.seed()).title());
    }
    List<Metric.Growth> growths = history.growths();
    if (growths.size() > 1) {
      return new RegretBounds.None("a single growth, which is all that the theorem knows of");
    }
    if (!Files.exists(run.grownWeights())) {
      return new RegretBounds.None(
          "the weights right after the growth, which were not kept in %s: delete %s, and --resume"
                  .formatted(run.grownWeights(), run.directory())
              + " trains it anew");
    }
    double gap =
        history(small.get()).finalEvaluation().meanLoss()
            - history(large.get()).finalEvaluation().meanLoss();
    try {
      return RegretBounds.Terms.of(
          history.steps(),
          growths.getFirst().step(),
          gap,
          WeightDistance.squared(run.grownWeights(), large.get().lastCheckpoint()),
          WeightDistance.squared(large.get().start().directory(), large.get().lastCheckpoint()));
    } catch (CambiumException e) { // no reason to lose what else was measured
      return new RegretBounds.None("weights that can be compared: " + e.getMessage());
    }
  }

  private Optional<MeasuredRun.Recovery> recovery(PlannedRun run, RunHistory history) {
    if (history.growth().isPresent()) {
      Metric.Growth growth = history.growth().get();
      return Optional.of(
          MeasuredRun.Recovery.of(
              growth.lossBefore(),
              growth.step(),
              growth.tokens(),
              history.evaluationsSinceGrowth()));
    }
    return run.start() instanceof Start.Upcycled upcycled
            && upcycled.dense() instanceof Start.Saved saved
        ? denseLoss(saved, run.seed())
            .map(loss -> MeasuredRun.Recovery.of(loss, 0, 0, history.evaluations()))
        : Optional.empty();
  }

  /** Of the source where it was saved: it may have gone on. */
  private Optional<Double> denseLoss(Start.Saved saved, long seed) {
    return history(plan.run(saved.run(), seed)).evaluations().stream()
        .filter(evaluation -> evaluation.step() == saved.step())
        .findFirst()
        .map(Metric.Evaluation::meanLoss);
  }

  /** Steps that were trained for these results, those of runs that failed too. */
  long trainedSteps() {
    return plan.runs().stream().mapToLong(Measurement::trainedSteps).sum();
  }

  private static long trainedSteps(PlannedRun run) {
    Path log = run.directory().resolve(MetricsLog.FILE_NAME);
    AtomicLong last = new AtomicLong(run.firstStep());
    if (Files.exists(log)) {
      MetricsLog.forEach(
          log,
          event -> {
            if (event instanceof Metric.Train) {
              last.set(event.step());
            }
          });
    }
    return last.get() - run.firstStep();
  }

  /** Of the seeds that all three arms have. */
  private List<Triple> triples(ArmSettings arm, ArmSettings fixedE, ArmSettings fixedmE) {
    List<Triple> triples = new ArrayList<>();
    for (PlannedRun run : runs(arm)) {
      Optional<PlannedRun> small = done(fixedE, run.seed());
      Optional<PlannedRun> large = done(fixedmE, run.seed());
      if (small.isPresent() && large.isPresent()) {
        triples.add(new Triple(history(small.get()), history(run), history(large.get())));
      }
    }
    return triples;
  }

  private static GapClosure closure(List<Triple> triples) {
    if (triples.size() > 1) {
      return GapClosure.ofSeeds(triples.stream().map(Triple::losses).toList());
    }
    Triple only = triples.getFirst();
    return GapClosure.ofOneSeed(only.losses(), GapClosure.scatter(only.fixedE(), only.fixedmE()));
  }

  private static Estimate eta(List<Triple> triples) {
    return Estimate.ofRatio(
        triples.stream().map(Triple::losses).map(GapClosure.Losses::closed).toList(),
        triples.stream().map(Triple::losses).map(GapClosure.Losses::gap).toList());
  }
}
