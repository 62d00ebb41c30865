package io.cambium.lab.cost;

/**
 * What training costs with and without growing (docs/decide.md). T steps in all, tau of them before
 * growing; s_E and s_mE seconds of a step before and afterwards.
 *
 * @param fixed C_fixed = T s_mE: the larger model from the start, in seconds
 * @param upcycled C_up = tau s_E + (T - tau) s_mE
 * @param continued the same where the smaller model is there already
 */
public record Cost(double fixed, double upcycled, double continued) {

  static Cost of(double steps, double before, double secondsBefore, double secondsAfter) {
    double continued = (steps - before) * secondsAfter;
    return new Cost(steps * secondsAfter, before * secondsBefore + continued, continued);
  }

  /** Share of the larger model's cost that growing saves. */
  public double saving() {
    return 1 - upcycled / fixed;
  }

  /** The same where the smaller model is already paid for. */
  public double savingWithSunkSource() {
    return 1 - continued / fixed;
  }
}
