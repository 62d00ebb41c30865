package io.cambium.lab.comparison;

import io.cambium.lab.GapClosure;
import java.util.Locale;
import java.util.Objects;

/** What the demo found in one sentence, also where that is nothing. */
final class Finding {

  /** Does not show in three decimals of a loss. */
  private static final double INVISIBLE = 5e-4;

  private Finding() {}

  static String sentence(DemoSummary summary) {
    DemoSummary.Row fixedE = summary.row(Arm.Role.FIXED_E);
    DemoSummary.Row upcycled = summary.row(Arm.Role.UPCYCLED);
    DemoSummary.Row fixedmE = summary.row(Arm.Role.FIXED_ME);
    DemoSummary.Grown growth = Objects.requireNonNull(upcycled.growth());
    GapClosure closure = summary.gapClosure();
    Double eta = closure.eta();
    if (eta == null) {
      return """
      What growing from %d to %d experts is worth cannot be told here: %s; \
      the grown model ended %s (one seed).\
      """
          .formatted(
              fixedE.experts(),
              upcycled.experts(),
              unresolved(closure, fixedE, fixedmE),
              against(upcycled, fixedE));
    }
    return "Growing from %d to %d experts after %s of the tokens closed %s, %s and %s (one seed)."
        .formatted(
            fixedE.experts(),
            upcycled.experts(),
            percent((double) growth.tokens() / upcycled.tokens()),
            closed(eta, fixedE, upcycled, fixedmE),
            jump(growth.jump()),
            saving(summary.saving()));
  }

  private static String closed(
      double eta, DemoSummary.Row fixedE, DemoSummary.Row upcycled, DemoSummary.Row fixedmE) {
    String gap = "the gap to " + fixedmE.experts() + " experts from scratch";
    if (Math.round(100 * eta) <= 0) {
      return "none of " + gap + ": it ended " + against(upcycled, fixedE);
    }
    return Math.round(100 * eta) >= 100
        ? "all of " + gap + ": it ended " + against(upcycled, fixedmE)
        : percent(eta) + " of " + gap;
  }

  private static String unresolved(
      GapClosure closure, DemoSummary.Row fixedE, DemoSummary.Row fixedmE) {
    String large = fixedmE.experts() + " experts from scratch";
    return closure.gap() <= 0
        ? "there is no gap to close, as %s ended %s".formatted(large, against(fixedmE, fixedE))
        : "the gap to %s, %s nats, is no larger than the noise"
            .formatted(large, nats(closure.gap()));
  }

  /** {@code 0.012 nats above 8 experts throughout}. */
  private static String against(DemoSummary.Row row, DemoSummary.Row baseline) {
    double difference = row.meanLoss() - baseline.meanLoss();
    String side = difference < 0 ? " nats below" : " nats above";
    return "%s %d experts %s"
        .formatted(
            Math.abs(difference) < INVISIBLE ? "level with" : nats(Math.abs(difference)) + side,
            baseline.experts(),
            baseline.role() == Arm.Role.FIXED_E ? "throughout" : "from scratch");
  }

  private static String jump(double jump) {
    return Math.abs(jump) < INVISIBLE
        ? "with no loss jump"
        : String.format(Locale.ROOT, "with a loss jump of %+.3f nats", jump);
  }

  private static String saving(double saving) {
    return saving < 0
        ? percent(-saving) + " more expert-steps"
        : percent(saving) + " fewer expert-steps";
  }

  private static String percent(double share) {
    return Math.round(100 * share) + " %";
  }

  private static String nats(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
