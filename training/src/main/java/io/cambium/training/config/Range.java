package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;

/** Range checks that name the setting. NaN fails all of them. */
final class Range {

  private Range() {}

  static void positive(String key, double value) {
    require(value > 0 && Double.isFinite(value), key, value, "must be above 0");
  }

  static void notNegative(String key, double value) {
    require(value >= 0 && Double.isFinite(value), key, value, "must be 0 or above");
  }

  /** A share of a whole: 0 to 1, both included. */
  static void share(String key, double value) {
    require(value >= 0 && value <= 1, key, value, "must lie between 0 and 1");
  }

  /** 0 to 1, without the 1. */
  static void belowOne(String key, double value) {
    require(value >= 0 && value < 1, key, value, "must be 0 or above, and below 1");
  }

  static void atLeastOne(String key, int value) {
    if (value < 1) {
      throw new UsageException(key, "is " + value, "must be 1 or more");
    }
  }

  private static void require(boolean fits, String key, double value, String rule) {
    if (!fits) {
      throw new UsageException(key, "is " + value, rule);
    }
  }
}
