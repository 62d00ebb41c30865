package io.cambium.lab.comparison;

import io.cambium.lab.RunHistory;

/**
 * One model of the comparison, with its history from the first step on.
 *
 * @param name what people call it, such as {@code 8 to 32 experts, lineage}
 */
public record Arm(Role role, String name, RunHistory history) {

  /** The models that a gap closure compares, and what is observed beside them. */
  public enum Role {
    /** The small model, continued without growing. */
    FIXED_E,
    /** The model that grew. */
    UPCYCLED,
    /** The large model from scratch. */
    FIXED_ME,
    /** Another growth, followed through the window only. */
    OBSERVED
  }
}
