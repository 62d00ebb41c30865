package io.cambium.lab.figure;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/** A white sheet, drawn at twice its size in points so that print is sharp. */
final class Canvas {

  static final Color INK = new Color(0x1c2320);
  static final Color MUTED = new Color(0x5a655f);
  static final Color GRID = new Color(0xe3e1d9);
  static final Color ACCENT = new Color(0x1b6e53);

  private static final int SCALE = 2;
  private static final int SIZE = 12;

  private final BufferedImage image;
  private final Graphics2D graphics;

  Canvas(int width, int height) {
    image = new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.scale(SCALE, SCALE);
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, SIZE));
  }

  BufferedImage image() {
    graphics.dispose();
    return image;
  }

  void title(String text, int width) {
    graphics.setFont(graphics.getFont().deriveFont(Font.BOLD, SIZE + 3f));
    text(text, width / 2.0, 24, 0.5, INK);
    graphics.setFont(graphics.getFont().deriveFont(Font.PLAIN, (float) SIZE));
  }

  /**
   * A line of text.
   *
   * @param align the share of its width that lies left of x
   */
  void text(String text, double x, double y, double align, Color color) {
    graphics.setColor(color);
    graphics.drawString(text, (float) (x - align * width(text)), (float) y);
  }

  /** The same upwards, its middle at a point. */
  void upwards(String text, double x, double y, double align, Color color) {
    graphics.rotate(-Math.PI / 2, x, y);
    text(text, x, y, align, color);
    graphics.rotate(Math.PI / 2, x, y);
  }

  double width(String text) {
    return graphics.getFontMetrics().getStringBounds(text, graphics).getWidth();
  }

  void line(double x1, double y1, double x2, double y2, Color color, float[] dashes) {
    graphics.setColor(color);
    graphics.setStroke(stroke(1, dashes));
    graphics.draw(new Line2D.Double(x1, y1, x2, y2));
  }

  /** Points in a row, clipped to an area. */
  void path(List<double[]> points, Rectangle2D clip, Color color, float[] dashes) {
    Path2D path = new Path2D.Double();
    for (double[] point : points) {
      if (path.getCurrentPoint() == null) {
        path.moveTo(point[0], point[1]);
      } else {
        path.lineTo(point[0], point[1]);
      }
    }
    graphics.setClip(clip);
    graphics.setColor(color);
    graphics.setStroke(stroke(1.8f, dashes));
    graphics.draw(path);
    graphics.setClip(null);
  }

  void fill(double x, double y, double width, double height, Color color) {
    graphics.setColor(color);
    graphics.fill(new Rectangle2D.Double(x, y, width, height));
  }

  private static BasicStroke stroke(float width, float[] dashes) {
    return dashes.length == 0
        ? new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND)
        : new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dashes, 0);
  }

  /** Short: 1.5M, 20k, 4.25. */
  static String label(double value) {
    double size = Math.abs(value);
    if (size >= 1e6) {
      return trimmed(value / 1e6) + "M";
    }
    return size >= 1e4 ? trimmed(value / 1e3) + "k" : trimmed(value);
  }

  private static String trimmed(double value) {
    String text = String.format(Locale.ROOT, "%.4f", value);
    return text.replaceAll("\\.?0+$", "");
  }
}
