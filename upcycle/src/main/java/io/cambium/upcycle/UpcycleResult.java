package io.cambium.upcycle;

import io.cambium.upcycle.plan.UpcyclePlan;

/**
 * A conversion that was carried out.
 *
 * @param plan what was to be done
 * @param verification what reopening the result has shown
 */
public record UpcycleResult(UpcyclePlan plan, Verification verification) {}
