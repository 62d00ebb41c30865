package io.cambium.lab.figure;

import java.util.List;
import java.util.stream.Collectors;

/** Comma-separated values (RFC 4180). */
public final class Csv {

  private final StringBuilder text = new StringBuilder();

  /** A row, or the headings. */
  public Csv row(List<String> cells) {
    text.append(cells.stream().map(Csv::quoted).collect(Collectors.joining(",")));
    text.append("\r\n");
    return this;
  }

  /** All rows. */
  public String text() {
    return text.toString();
  }

  /** Whole numbers without a point. */
  static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static String quoted(String cell) {
    return cell.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')
        ? '"' + cell.replace("\"", "\"\"") + '"'
        : cell;
  }
}
