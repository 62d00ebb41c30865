package io.cambium.upcycle;

import io.cambium.checkpoint.Manifest;
import io.cambium.upcycle.plan.RealisedText;
import io.cambium.upcycle.plan.UpcyclePlan;

/**
 * A conversion that was carried out.
 *
 * @param plan what was to be done
 * @param manifest as it was written
 * @param writing how
 * @param verification what reopening the result has shown
 */
public record UpcycleResult(
    UpcyclePlan plan, Manifest manifest, Writing writing, Verification verification) {

  /** The result for people, in a few lines. */
  public String describe() {
    return RealisedText.of(manifest).map(text -> "copies: " + text + "\n").orElse("")
        + writing.describe()
        + "\n"
        + verification.describe();
  }
}
