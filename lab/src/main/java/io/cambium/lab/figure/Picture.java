package io.cambium.lab.figure;

import io.cambium.lab.figure.Figure.HeatMap;
import io.cambium.lab.figure.Figure.Lines;
import io.cambium.lab.figure.Figure.Node;
import io.cambium.lab.figure.Figure.Tree;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;

/** Figures as pictures. */
final class Picture {

  private static final Color LOW = new Color(0x2f74b0);
  private static final Color EVEN = new Color(0xf3f1ea);
  private static final Color HIGH = new Color(0xc4621a);

  private static final int MARGIN = 40;
  private static final int ROW = 16;
  private static final int INDENT = 24;

  private Picture() {}

  static BufferedImage of(Figure figure) {
    return switch (figure) {
      case Lines lines -> new LinePicture(lines).image();
      case HeatMap map -> heatMap(map);
      case Tree tree -> tree(tree);
    };
  }

  private static BufferedImage heatMap(HeatMap map) {
    int width = Math.max(520, Math.min(900, 60 * map.columns().size() + 2 * MARGIN + 60));
    int left = MARGIN + 50;
    int top = MARGIN;
    int bottom = 96;
    Canvas canvas = new Canvas(width, top + ROW * map.rows().size() + bottom);
    canvas.title(map.title(), width);
    double cell = (width - left - MARGIN / 2.0) / map.columns().size();
    for (int row = 0; row < map.rows().size(); row++) {
      double y = top + (double) ROW * row;
      canvas.text(map.rows().get(row), left - 6, y + ROW - 4, 1, Canvas.MUTED);
      for (int column = 0; column < map.columns().size(); column++) {
        double value = map.value()[row][column];
        if (!Double.isNaN(value)) {
          // Narrow cells overlap a little, so that no seam shows between them.
          double gap = cell > ROW ? 1 : -0.5;
          canvas.fill(left + cell * column, y, cell - gap, ROW - 1, color(value, map.doublings()));
        }
      }
    }
    columns(canvas, map, left, top + ROW * map.rows().size(), cell);
    legend(canvas, map.doublings(), width, top + ROW * map.rows().size() + bottom - 14);
    return canvas.image();
  }

  /** As many names below the columns as there is room for. */
  private static void columns(Canvas canvas, HeatMap map, int left, int y, double cell) {
    List<String> labels = map.columns().stream().map(Picture::shortened).toList();
    double widest = labels.stream().mapToDouble(canvas::width).max().orElse(0);
    int step = (int) Math.max(1, Math.ceil((widest + 10) / cell));
    boolean names = step > 1 && cell > ROW;
    for (int column = 0; column < map.columns().size(); column += names ? 1 : step) {
      double middle = left + cell * (column + 0.5);
      String text = labels.get(column);
      if (names) {
        canvas.upwards(text, middle + 4, y + 6, 1, Canvas.MUTED);
      } else {
        canvas.text(text, middle, y + 16, 0.5, Canvas.MUTED);
      }
    }
    if (!names) {
      canvas.text(map.x(), left + cell * map.columns().size() / 2, y + 36, 0.5, Canvas.MUTED);
    }
  }

  /** Long numbers are cut down to what a person reads. */
  private static String shortened(String column) {
    return column.matches("\\d{5,}") ? Canvas.label(rounded(Double.parseDouble(column))) : column;
  }

  /** To three digits. */
  private static double rounded(double value) {
    return new BigDecimal(value).round(new MathContext(3)).doubleValue();
  }

  private static void legend(Canvas canvas, double doublings, int width, int y) {
    int bar = 120;
    int x = width - bar - 90;
    for (int i = 0; i < bar; i++) {
      double value = Math.pow(2, doublings * (2.0 * i / bar - 1));
      canvas.fill(x + i, y - 9, 1, 10, color(value, doublings));
    }
    canvas.text("\u2264 1/%.0f ".formatted(Math.pow(2, doublings)), x - 4, y, 1, Canvas.MUTED);
    canvas.text(
        "\u2265 %.0f \u00d7".formatted(Math.pow(2, doublings)), x + bar + 6, y, 0, Canvas.MUTED);
  }

  private static Color color(double relative, double doublings) {
    double at = Math.log(Math.max(relative, 1e-6)) / Math.log(2) / doublings;
    double share = Math.clamp(at, -1, 1);
    Color end = share < 0 ? LOW : HIGH;
    return new Color(
        mixed(EVEN.getRed(), end.getRed(), Math.abs(share)),
        mixed(EVEN.getGreen(), end.getGreen(), Math.abs(share)),
        mixed(EVEN.getBlue(), end.getBlue(), Math.abs(share)));
  }

  private static int mixed(int from, int to, double share) {
    return (int) Math.round(from + (to - from) * share);
  }

  private static BufferedImage tree(Tree tree) {
    int rows = tree.roots().stream().mapToInt(Picture::rows).sum() + tree.roots().size();
    int width = 760;
    Canvas canvas = new Canvas(width, MARGIN + (ROW + 2) * rows + MARGIN / 2);
    canvas.title(tree.title(), width);
    int row = 0;
    for (Node root : tree.roots()) {
      node(canvas, root, 0, row);
      row += rows(root) + 1;
    }
    return canvas.image();
  }

  private static int rows(Node node) {
    return 1 + node.children().stream().mapToInt(Picture::rows).sum();
  }

  private static void node(Canvas canvas, Node node, int level, int row) {
    double x = MARGIN + (double) INDENT * level;
    double y = MARGIN + 14 + (ROW + 2.0) * row;
    canvas.text(node.label(), x, y, 0, Canvas.INK);
    canvas.text(node.note(), x + canvas.width(node.label()) + 10, y, 0, Canvas.MUTED);
    int below = row + 1;
    for (Node child : node.children()) {
      double childY = MARGIN + 10 + (ROW + 2.0) * below;
      canvas.line(x + 4, y + 4, x + 4, childY, Canvas.ACCENT, new float[0]);
      canvas.line(x + 4, childY, x + INDENT - 4, childY, Canvas.ACCENT, new float[0]);
      node(canvas, child, level + 1, below);
      below += rows(child);
    }
  }

  /** Colours of lines, in the order of the page's. */
  static final List<Color> LINES =
      List.of(
          new Color(0x0a6db4),
          new Color(0xb45309),
          new Color(0x1b6e53),
          new Color(0xa23b8c),
          new Color(0x3d4742),
          new Color(0x8a6d00),
          new Color(0x5b4fc4),
          new Color(0xb3263a));
}
