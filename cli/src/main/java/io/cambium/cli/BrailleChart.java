package io.cambium.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Curves as dots, 2 by 4 to a character cell (Unicode block Braille Patterns). */
final class BrailleChart {

  private static final int FIRST = 0x2800;

  /** Bits of a cell's dots, [row][column]. */
  private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

  private final int columns;
  private final int rows;
  private final double from;
  private final double to;
  private final double low;
  private final double high;
  private final int[][] cells;

  /**
   * An empty chart.
   *
   * @param columns of character cells
   * @param rows of character cells
   * @param from at the left edge
   * @param to at the right edge
   * @param low at the lower edge
   * @param high at the upper edge
   */
  BrailleChart(int columns, int rows, double from, double to, double low, double high) {
    this.columns = columns;
    this.rows = rows;
    this.from = from;
    this.to = to;
    this.low = low;
    this.high = high;
    this.cells = new int[rows][columns];
  }

  /** Draws a curve: neighbouring points are joined. What is off the chart runs along its edge. */
  void draw(List<Long> x, List<Double> y) {
    for (int point = 0; point < x.size(); point++) {
      int before = Math.max(0, point - 1);
      line(column(x.get(before)), row(y.get(before)), column(x.get(point)), row(y.get(point)));
    }
  }

  private int column(double x) {
    return scaled(x, from, to, 2 * columns);
  }

  private int row(double y) {
    return 4 * rows - 1 - scaled(y, low, high, 4 * rows);
  }

  private static int scaled(double value, double from, double to, int dots) {
    double share = to > from ? (value - from) / (to - from) : 0.5;
    return (int) Math.clamp(Math.round(share * (dots - 1)), 0, dots - 1);
  }

  private void line(int fromColumn, int fromRow, int toColumn, int toRow) {
    int length = Math.max(1, Math.max(toColumn - fromColumn, Math.abs(toRow - fromRow)));
    for (int at = 0; at <= length; at++) {
      int column = fromColumn + Math.round((float) at * (toColumn - fromColumn) / length);
      int row = fromRow + Math.round((float) at * (toRow - fromRow) / length);
      cells[row / 4][column / 2] |= DOTS[row % 4][column % 2];
    }
  }

  /** From top to bottom. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (int[] row : cells) {
      int[] characters = Arrays.stream(row).map(dots -> FIRST + dots).toArray();
      lines.add(new String(characters, 0, characters.length));
    }
    return lines;
  }
}
