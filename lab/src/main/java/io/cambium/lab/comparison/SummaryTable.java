package io.cambium.lab.comparison;

import io.cambium.lab.GapClosure;
import io.cambium.lab.LargestRise;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The demo's summary as plain text for a terminal of 100 columns. */
public final class SummaryTable {

  private static final int MOST_DOMAINS_IN_A_BLOCK = 5;
  private static final String NONE = "-";

  private SummaryTable() {}

  /** Three blocks with a line per arm (the result, the domains, growth and balance), then notes. */
  public static String text(DemoSummary summary) {
    return String.join(
        "\n",
        "Validation loss in nats per token, mean over the domains\n" + result(summary),
        "By domain: loss (perplexity)\n" + domains(summary),
        "Growth, and balance over the last steps\n" + growth(summary),
        notes(summary));
  }

  private static String result(DemoSummary summary) {
    TextTable table = new TextTable();
    table.row(
        List.of("", "loss", "perplexity", "tokens", "wall time", "expert-steps", "gap closed"));
    for (DemoSummary.Row row : summary.rows()) {
      table.row(
          List.of(
              name(row),
              format("%.4f", row.meanLoss()),
              format("%.2f", row.perplexity()),
              millions(row.tokens()),
              format("%d:%02d", Math.round(row.seconds()) / 60, Math.round(row.seconds()) % 60),
              format("%,d", row.expertSteps()),
              row.role() == Arm.Role.UPCYCLED ? eta(summary.gapClosure()) : NONE));
    }
    return table.text();
  }

  private static String domains(DemoSummary summary) {
    List<String> domains = List.copyOf(summary.rows().getFirst().loss().keySet());
    int blocks = Math.ceilDiv(domains.size(), MOST_DOMAINS_IN_A_BLOCK);
    StringBuilder text = new StringBuilder();
    for (int block = 0; block < blocks; block++) {
      text.append(
          domains(
              summary,
              domains.subList(
                  domains.size() * block / blocks, domains.size() * (block + 1) / blocks)));
    }
    return text.toString();
  }

  private static String domains(DemoSummary summary, List<String> domains) {
    TextTable table = new TextTable();
    table.row(cells("", domains.stream()));
    for (DemoSummary.Row row : summary.rows()) {
      table.row(
          cells(
              name(row),
              row.loss().entrySet().stream()
                  .filter(loss -> domains.contains(loss.getKey()))
                  .map(loss -> format("%.2f (%.1f)", loss.getValue(), Math.exp(loss.getValue())))));
    }
    return table.text();
  }

  private static List<String> cells(String first, Stream<String> others) {
    return Stream.concat(Stream.of(first), others).toList();
  }

  private static String growth(DemoSummary summary) {
    TextTable table = new TextTable();
    table.row(
        List.of(
            "",
            "before",
            "just after",
            "largest rise",
            "MaxVio batch / global",
            "load CV",
            "dead"));
    for (DemoSummary.Row row : summary.rows()) {
      DemoSummary.Grown growth = row.growth();
      table.row(
          List.of(
              name(row),
              growth == null ? NONE : format("%.4f", growth.lossBefore()),
              growth == null ? NONE : format("%.4f", growth.lossAfter()),
              growth == null ? NONE : rise(growth.largestRise()),
              format("%.2f / %.2f", row.load().maxVioBatch(), row.load().maxVioGlobal()),
              format("%.2f", row.load().coefficientOfVariation()),
              format("%d", row.load().dead())));
    }
    return table.text();
  }

  private static String notes(DemoSummary summary) {
    GapClosure closure = summary.gapClosure();
    StringBuilder notes = new StringBuilder();
    summary.rows().stream()
        .filter(row -> row.role() == Arm.Role.OBSERVED)
        .forEach(row ->
            notes.append(
                "* followed through the window only: its losses are those at %s tokens%s\n"
                    .formatted(
                        millions(row.tokens()),
                        row.evaluatedBeforeGrowth() ? ", before it grew" : "")));
    notes.append(
        format(
            "The gap to close is %.4f nats; noise %s. One seed: it takes three to call one"
                + " method\nbetter than another.\n",
            closure.gap(),
            closure.noise() > 0 ? format("at least %.4f", closure.noise()) : "unknown"));
    return notes.toString();
  }

  private static String name(DemoSummary.Row row) {
    return row.role() == Arm.Role.OBSERVED ? row.name() + " *" : row.name();
  }

  private static String eta(GapClosure closure) {
    return closure.eta() == null ? "not resolved" : format("%.0f %%", 100 * closure.eta());
  }

  private static String rise(@Nullable LargestRise rise) {
    return rise == null ? NONE : format("%+.4f", rise.nats());
  }

  private static String millions(long tokens) {
    return format("%.2fM", tokens / 1e6);
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
