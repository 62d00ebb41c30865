package io.cambium.cli;

import io.cambium.lab.comparison.TextTable;
import io.cambium.lab.cost.CostPlan;
import io.cambium.lab.cost.CostPlan.Origin;
import io.cambium.lab.cost.CostPlan.Phase;
import io.cambium.lab.cost.Sweep;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** A cost plan for people. */
final class CostPlanText {

  private static final double GIGA = 1e9;
  private static final double HOUR = 3600;

  private final CostPlan plan;

  CostPlanText(CostPlan plan) {
    this.plan = plan;
  }

  String text() {
    return heading() + phases() + costs() + "\n" + sweep();
  }

  private String heading() {
    return format(
        "%s experts per layer for %,d of %,d steps, then %s; %,d tokens a step%n"
            + "%s of %s, step times %s%n%n",
        plan.before().model().experts(),
        plan.growsAfter(),
        plan.steps(),
        plan.after().model().experts(),
        plan.tokensPerStep(),
        plan.devices() == 1 ? "1 device" : format("%,d devices", plan.devices()),
        plan.hardware().name(),
        plan.stepTimes() == Origin.MODELLED ? "modelled, not measured" : plan.stepTimes());
  }

  private String phases() {
    TextTable table = new TextTable().row(List.of("", "before", "after"));
    row(table, "parameters, 10^9", p -> format("%.2f", p.model().parameters() / GIGA));
    row(table, "  per token", p -> format("%.2f", p.model().activeParameters() / GIGA));
    row(
        table,
        "GFLOP per token, training",
        p -> format("%.2f", p.model().flops().training() / GIGA));
    row(table, "  experts, forward", p -> format("%.2f", p.model().flops().experts() / GIGA));
    row(table, "  other matrices", p -> format("%.2f", p.model().flops().matrices() / GIGA));
    row(table, "  attention", p -> format("%.2f", p.model().flops().attention() / GIGA));
    row(table, "GB per device", p -> format("%.1f", p.memory().total() / GIGA));
    row(table, "  weights", p -> format("%.1f", p.memory().weights() / GIGA));
    row(table, "  gradients", p -> format("%.1f", p.memory().gradients() / GIGA));
    row(table, "  moments", p -> format("%.1f", p.memory().moments() / GIGA));
    row(table, "  activations", p -> format("%.1f", p.memory().activations() / GIGA));
    row(table, "fewest devices that hold it", CostPlanText::fewest);
    row(table, "seconds per step", p -> format("%.2f", p.seconds()));
    row(table, "all-to-all, modelled", p -> percent(p.modelled().allToAllShare()));
    return table.text() + "\n";
  }

  private static String fewest(Phase phase) {
    return phase.fewestDevices() == 0 ? "none" : format("%,d", phase.fewestDevices());
  }

  private void row(TextTable table, String name, Function<Phase, String> value) {
    table.row(List.of(name, value.apply(plan.before()), value.apply(plan.after())));
  }

  private String costs() {
    return new TextTable()
        .row(List.of("", "device-hours", "saved"))
        .row(List.of("the larger model from the start", hours(plan.cost().fixed()), ""))
        .row(List.of("growing", hours(plan.cost().upcycled()), percent(plan.cost().saving())))
        .row(
            List.of(
                "growing, source already paid for",
                hours(plan.cost().continued()),
                percent(plan.cost().savingWithSunkSource())))
        .row(List.of("in expert-steps", "", percent(plan.expertStepSaving())))
        .text();
  }

  private String hours(double seconds) {
    return format("%,.0f", seconds * plan.devices() / HOUR);
  }

  private String sweep() {
    Sweep sweep = plan.sweep();
    TextTable table = new TextTable();
    List<String> heading = new ArrayList<>(List.of("saved by growing at", "gap closed"));
    sweep
        .multipliers()
        .forEach(m -> heading.add("x" + m + (m == sweep.kneeMultiplier() ? " *" : "")));
    table.row(heading);
    for (Sweep.Row row : sweep.rows()) {
      boolean knee = row.share() == sweep.kneeShare();
      List<String> cells = new ArrayList<>();
      cells.add(format("%.3f of the steps%s", row.share(), knee ? " *" : ""));
      Double published = row.published();
      cells.add(published == null ? "" : percent(published));
      row.savings().forEach(saving -> cells.add(percent(saving)));
      table.row(cells);
    }
    return table.text()
        + "gap closed: as published for 7B to 13B, 32 to 64 experts (arXiv 2604.19835);"
        + " your model may differ\n"
        + "*: the knees. Later than that the published quality falls; beyond that many experts a"
        + " doubling adds little\n";
  }

  private static String percent(double share) {
    return format("%.0f %%", 100 * share);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
