package io.cambium.cli;

/** Durations for people. */
final class Clock {

  private Clock() {}

  /** {@code 4:05}, or {@code 1:04:05} from an hour on. */
  static String text(double seconds) {
    long s = Math.round(seconds);
    return s < 3600
        ? "%d:%02d".formatted(s / 60, s % 60)
        : "%d:%02d:%02d".formatted(s / 3600, s / 60 % 60, s % 60);
  }
}
