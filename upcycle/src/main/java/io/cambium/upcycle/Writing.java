package io.cambium.upcycle;

import java.util.Locale;

/**
 * How the weights were written.
 *
 * @param bytes by this process
 * @param earlier bytes that an interrupted one had written
 * @param lost bytes that it had written too, but that were not there any more
 * @param seconds until all of it was on the disk
 * @param direct whether it went past the system's cache
 */
public record Writing(long bytes, long earlier, long lost, double seconds, boolean direct) {

  /** Such as {@code wrote 12.9 GB in 8.1 s, 1.59 GB/s, past the system's cache}. */
  String describe() {
    return String.format(
        Locale.ROOT,
        "wrote %s in %.1f s, %.2f GB/s, %s%s",
        gigabytes(bytes),
        seconds,
        bytes / 1e9 / seconds,
        direct
            ? "past the system's cache"
            : "through the system's cache: the file system takes nothing past it",
        beside());
  }

  private String beside() {
    return (earlier == 0 ? "" : ", beside " + gigabytes(earlier) + " written before")
        + (lost == 0
            ? ""
            : "; " + gigabytes(lost) + " written before were gone or damaged, and written again");
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, bytes < 1_000_000_000 ? "%.3f GB" : "%.1f GB", bytes / 1e9);
  }
}
