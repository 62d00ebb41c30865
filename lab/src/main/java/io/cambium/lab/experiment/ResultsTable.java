package io.cambium.lab.experiment;

import io.cambium.lab.GapClosure;
import io.cambium.lab.LargestRise;
import io.cambium.lab.LoadBalance;
import io.cambium.lab.comparison.DemoSummary.Grown;
import io.cambium.lab.comparison.TextTable;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The results as plain text for a terminal: means over the seeds. */
public final class ResultsTable {

  private static final String NONE = "-";

  private ResultsTable() {}

  /** Blocks with a line per arm: result, domains, growth and balance, regret bounds; then notes. */
  public static String text(Results results) {
    List<ArmResult> arms = results.arms().stream().filter(arm -> arm.loss() != null).toList();
    if (arms.isEmpty()) {
      return notes(results);
    }
    return String.join(
        "\n",
        "Validation loss in nats per token, mean over domains and seeds\n" + result(arms),
        "By domain\n" + domains(arms),
        "Growth, and balance over the last steps\n" + growth(arms),
        regretBounds(arms) + notes(results));
  }

  private static String result(List<ArmResult> arms) {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "", "loss", "95 %", "tokens", "wall time", "expert-steps", "saving", "eta"));
    for (ArmResult arm : arms) {
      Estimate loss = Objects.requireNonNull(arm.loss());
      MeasuredRun first = arm.seeds().getFirst();
      table.row(
          List.of(
              arm.arm(),
              format("%.4f", loss.value()),
              loss.low() == null ? NONE : format("±%.4f", loss.value() - loss.low()),
              format("%.2fM", first.tokens() / 1e6),
              format("%.0f s", mean(arm, MeasuredRun::seconds)),
              format("%,d", first.expertSteps()),
              first.saving() == 0 ? NONE : percent(first.saving()),
              eta(arm)));
    }
    return table.text();
  }

  private static String eta(ArmResult arm) {
    GapClosure closure = arm.gapClosure();
    Estimate eta = arm.eta();
    if (eta == null) {
      return closure == null ? NONE : "not resolved";
    }
    return eta.low() == null || eta.high() == null
        ? percent(eta.value())
        : "%s (%s to %s)".formatted(percent(eta.value()), percent(eta.low()), percent(eta.high()));
  }

  private static String domains(List<ArmResult> arms) {
    Set<String> domains =
        arms.stream()
            .flatMap(arm -> arm.seeds().stream())
            .flatMap(run -> run.loss().keySet().stream())
            .collect(Collectors.toCollection(TreeSet::new));
    TextTable table = new TextTable().row(row("", domains.stream()));
    for (ArmResult arm : arms) {
      table.row(row(arm.arm(), domains.stream().map(domain -> domain(arm, domain))));
    }
    return table.text();
  }

  private static String domain(ArmResult arm, String domain) {
    return figure("%.4f", arm, run -> run.loss().get(domain));
  }

  private static List<String> row(String first, Stream<String> others) {
    return Stream.concat(Stream.of(first), others).toList();
  }

  private static String growth(List<ArmResult> arms) {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "",
                    "before",
                    "just after",
                    "jump",
                    "recovered after",
                    "largest rise",
                    "MaxVio batch / global",
                    "load CV",
                    "dead",
                    "by domain"));
    for (ArmResult arm : arms) {
      table.row(
          List.of(
              arm.arm(),
              figure("%.4f", arm, of(MeasuredRun::growth, Grown::lossBefore)),
              figure("%.4f", arm, of(MeasuredRun::growth, Grown::lossAfter)),
              figure("%+.4f", arm, of(MeasuredRun::growth, Grown::jump)),
              recovery(arm),
              figure(
                  "%+.4f", arm, of(of(MeasuredRun::growth, Grown::largestRise), LargestRise::nats)),
              figure("%.2f", arm, of(MeasuredRun::load, LoadBalance::maxVioBatch))
                  + " / "
                  + figure("%.2f", arm, of(MeasuredRun::load, LoadBalance::maxVioGlobal)),
              figure("%.2f", arm, of(MeasuredRun::load, LoadBalance::coefficientOfVariation)),
              figure("%.1f", arm, of(MeasuredRun::load, load -> (double) load.dead())),
              figure("%.0f %%", arm, ResultsTable::specialised)));
    }
    return table.text();
  }

  /** In percent, at the last evaluation. */
  private static @Nullable Double specialised(MeasuredRun run) {
    return run.specialisation().isEmpty()
        ? null
        : Double.valueOf(100 * run.specialisation().getLast().distance());
  }

  /** Tokens until the loss was back at the source's, mean over the seeds where it was. */
  private static String recovery(ArmResult arm) {
    List<MeasuredRun.Recovery> seeds =
        arm.seeds().stream().map(MeasuredRun::recovery).filter(Objects::nonNull).toList();
    List<Long> recovered =
        seeds.stream().map(MeasuredRun.Recovery::tokens).filter(Objects::nonNull).toList();
    if (seeds.isEmpty()) {
      return NONE;
    }
    if (recovered.isEmpty()) {
      return "never";
    }
    double mean = recovered.stream().mapToLong(tokens -> tokens).average().orElseThrow();
    return format("%.2fM", mean / 1e6)
        + (recovered.size() < seeds.size()
            ? " (%d of %d seeds)".formatted(recovered.size(), seeds.size())
            : "");
  }

  /** Of the arms that have any; empty if none has. */
  private static String regretBounds(List<ArmResult> arms) {
    TextTable table =
        new TextTable().row(List.of("", "capacity", "initialisation", "rates before growth"));
    List<ArmResult> bounded = arms.stream().filter(ResultsTable::hasTerms).toList();
    for (ArmResult arm : bounded) {
      table.row(
          List.of(
              arm.arm(),
              figure("%+.4f", arm, of(ResultsTable::terms, RegretBounds.Terms::capacity)),
              figure("%+.1f", arm, of(ResultsTable::terms, RegretBounds.Terms::initialisation)),
              figure("%.0f %%", arm, of(ResultsTable::terms, terms -> 100 * terms.rateShare()))));
    }
    return bounded.isEmpty()
        ? ""
        : "%s\n%s%s\n".formatted(RegretBounds.MEANING, table.text(), RegretBounds.STAND_INS);
  }

  private static boolean hasTerms(ArmResult arm) {
    return arm.seeds().stream().anyMatch(run -> terms(run) != null);
  }

  private static RegretBounds.@Nullable Terms terms(MeasuredRun run) {
    return run.regretBounds() instanceof RegretBounds.Terms terms ? terms : null;
  }

  private static <A, B> Function<MeasuredRun, @Nullable B> of(
      Function<MeasuredRun, @Nullable A> part, Function<A, @Nullable B> value) {
    return run -> {
      A there = part.apply(run);
      return there == null ? null : value.apply(there);
    };
  }

  /** The mean over the seeds that have it. */
  private static String figure(
      String format, ArmResult arm, Function<MeasuredRun, @Nullable Double> value) {
    DoubleStream values =
        arm.seeds().stream().map(value).filter(Objects::nonNull).mapToDouble(v -> v);
    var mean = values.average();
    return mean.isPresent() ? format(format, mean.getAsDouble()) : NONE;
  }

  private static double mean(ArmResult arm, Function<MeasuredRun, Double> value) {
    return arm.seeds().stream().mapToDouble(value::apply).average().orElseThrow();
  }

  private static String notes(Results results) {
    StringBuilder notes = new StringBuilder();
    results.failed().forEach((run, why) -> notes.append("failed: %s: %s\n".formatted(run, why)));
    for (ArmResult arm : results.arms()) {
      GapClosure closure = arm.gapClosure();
      if (closure != null) {
        notes.append(
            format(
                "%s: the gap from %s to %s is %.4f nats, its noise %.4f\n",
                arm.arm(),
                String.valueOf(arm.fixedE()),
                String.valueOf(arm.fixedmE()),
                closure.gap(),
                closure.noise()));
      }
      String none =
          closure == null ? "eta and no terms of regret bounds" : "terms of regret bounds";
      missing(arm)
          .forEach(missing ->
              notes.append("%s: no %s, for want of %s\n".formatted(arm.arm(), none, missing)));
    }
    int seeds = results.arms().stream().mapToInt(arm -> arm.seeds().size()).max().orElse(0);
    if (seeds < 3) {
      notes.append("It takes three seeds to call one arm better than another.\n");
    }
    notes.append(
        format(
            "%,d steps trained%s; without shared sources it would have been %,d.\n",
            results.trainedSteps(),
            results.trainedSteps() == results.plannedSteps()
                ? ""
                : format(" of %,d planned", results.plannedSteps()),
            results.unsharedSteps()));
    return notes.toString();
  }

  private static Stream<String> missing(ArmResult arm) {
    return arm.seeds().stream()
        .map(MeasuredRun::regretBounds)
        .filter(RegretBounds.None.class::isInstance)
        .map(none -> ((RegretBounds.None) none).missing())
        .distinct();
  }

  private static String percent(double share) {
    return Math.round(100 * share) + " %";
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
