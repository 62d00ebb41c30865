package io.cambium.lab.figure;

import java.util.List;

/** A figure as the numbers it shows. */
public sealed interface Figure {

  /** For the names of its files: lower case, digits and hyphens. */
  String name();

  String title();

  /**
   * Lines over a common axis.
   *
   * @param marks where on the axis something happened
   */
  record Lines(String name, String title, String x, String y, List<Line> lines, List<Double> marks)
      implements Figure {}

  /** A line. */
  record Line(String name, List<Double> x, List<Double> y) {

    public Line {
      if (x.size() != y.size()) {
        throw new IllegalArgumentException(name + ": " + x.size() + " and " + y.size());
      }
    }
  }

  /**
   * Cells in colours: shares relative to an even one, so that 1 is the middle of the colours.
   *
   * @param cell what is in one
   * @param value [row][column]; NaN where there is none
   * @param doublings from the middle to each end of the colours
   */
  record HeatMap(
      String name,
      String title,
      String x,
      List<String> columns,
      String y,
      List<String> rows,
      String cell,
      double[][] value,
      double doublings)
      implements Figure {}

  /** What descends from what. */
  record Tree(String name, String title, List<Node> roots) implements Figure {}

  /** A node of a tree, with what is to be said of it. */
  record Node(String label, String note, List<Node> children) {}
}
