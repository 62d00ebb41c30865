package io.cambium.upcycle.runner;

import org.jspecify.annotations.Nullable;

/**
 * What a model computes, and how it routed.
 *
 * @param logits in fp32, row-major [B, S, V]
 * @param siblingCoselection share of tokens that choose two experts which the last growth step made
 *     of one, mean over the routing layers; null for a model that never grew
 */
public record RoutedLogits(float[] logits, @Nullable Double siblingCoselection) {}
