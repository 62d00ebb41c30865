package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts of memory as people write them, in powers of a thousand. */
final class ByteCount {

  private static final List<String> UNITS = List.of("bytes", "kB", "MB", "GB", "TB");
  private static final Pattern TEXT = Pattern.compile("([0-9.]+) *([kMGT]B)");

  private ByteCount() {}

  /** Such as {@code 1.25 GB}. */
  static String text(long bytes) {
    double scaled = bytes;
    int unit = 0;
    while (scaled >= 1000 && unit < UNITS.size() - 1) {
      scaled /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f " : "%.2f ", scaled) + UNITS.get(unit);
  }

  /**
   * The reverse.
   *
   * @throws UsageException if it is none
   */
  static long parse(String option, String text) {
    Matcher matcher = TEXT.matcher(text);
    try {
      if (matcher.matches()) {
        return (long)
            (Double.parseDouble(matcher.group(1))
                * Math.pow(1000, UNITS.indexOf(matcher.group(2))));
      }
    } catch (NumberFormatException e) {
      throw notAnAmount(option, text);
    }
    throw notAnAmount(option, text);
  }

  private static UsageException notAnAmount(String option, String text) {
    return new UsageException(
        option, "is \"" + text + "\"", "write an amount such as 12GB or 800MB");
  }
}
