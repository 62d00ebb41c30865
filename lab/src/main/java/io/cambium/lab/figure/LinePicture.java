package io.cambium.lab.figure;

import io.cambium.lab.figure.Figure.Line;
import io.cambium.lab.figure.Figure.Lines;
import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.stream.IntStream;

/** Lines over a common axis, with a legend below. */
final class LinePicture {

  private static final int WIDTH = 800;
  private static final int HEIGHT = 420;
  private static final int LEGEND_ROW = 18;
  private static final Rectangle2D AREA = new Rectangle2D.Double(70, 44, 710, 320);
  private static final int TICKS = 6;
  private static final List<float[]> DASHES =
      List.of(new float[0], new float[] {7, 4}, new float[] {12, 3, 2, 3}, new float[] {2, 3});

  /** Points before this share of the axis do not set the scale: a loss begins far above all. */
  private static final double SETTLED = 0.2;

  private final Lines figure;
  private final Canvas canvas;
  private final Range x;
  private final Range y;

  /** What an axis spans. */
  private record Range(double low, double high) {

    double share(double value) {
      return (value - low) / (high - low);
    }

    /** Round numbers within the range. */
    List<Double> ticks() {
      double rough = (high - low) / TICKS;
      double power = Math.pow(10, Math.floor(Math.log10(rough)));
      double step =
          power
              * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
      return IntStream.rangeClosed((int) Math.ceil(low / step), (int) Math.floor(high / step))
          .mapToObj(i -> i * step)
          .toList();
    }
  }

  LinePicture(Lines figure) {
    this.figure = figure;
    this.canvas = new Canvas(WIDTH, HEIGHT + LEGEND_ROW * figure.lines().size());
    DoubleSummaryStatistics across = new DoubleSummaryStatistics();
    figure.lines().forEach(line -> line.x().forEach(across::accept));
    this.x = range(across, 0);
    DoubleSummaryStatistics upwards = new DoubleSummaryStatistics();
    for (Line line : figure.lines()) {
      for (int i = 0; i < line.x().size(); i++) {
        if (x.share(line.x().get(i)) >= SETTLED) {
          upwards.accept(line.y().get(i));
        }
      }
    }
    this.y = range(upwards, 0.06);
  }

  private static Range range(DoubleSummaryStatistics values, double air) {
    double low = values.getCount() == 0 ? 0 : values.getMin();
    double high = values.getCount() == 0 ? 1 : values.getMax();
    double span = high > low ? high - low : 1;
    return new Range(low - air * span, high > low ? high + air * span : low + 1);
  }

  BufferedImage image() {
    canvas.title(figure.title(), WIDTH);
    axes();
    for (double mark : figure.marks()) {
      double at = AREA.getX() + AREA.getWidth() * x.share(mark);
      canvas.line(at, AREA.getY(), at, AREA.getMaxY(), Canvas.ACCENT, new float[] {4, 3});
    }
    for (int i = 0; i < figure.lines().size(); i++) {
      Line line = figure.lines().get(i);
      canvas.path(points(line), AREA, color(i), dashes(i));
      double row = HEIGHT + 6 + (double) LEGEND_ROW * i;
      canvas.path(
          List.of(new double[] {70, row - 4}, new double[] {104, row - 4}),
          new Rectangle2D.Double(0, row - LEGEND_ROW, WIDTH, 2 * LEGEND_ROW),
          color(i),
          dashes(i));
      canvas.text(line.name(), 112, row, 0, Canvas.INK);
    }
    return canvas.image();
  }

  private static Color color(int line) {
    return Picture.LINES.get(line % Picture.LINES.size());
  }

  /** When the colours begin anew, the dashes move on by one: 32 lines look different. */
  private static float[] dashes(int line) {
    return DASHES.get((line + line / Picture.LINES.size()) % DASHES.size());
  }

  private List<double[]> points(Line line) {
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < line.x().size(); i++) {
      points.add(
          new double[] {
            AREA.getX() + AREA.getWidth() * x.share(line.x().get(i)),
            AREA.getMaxY() - AREA.getHeight() * y.share(line.y().get(i))
          });
    }
    return points;
  }

  private void axes() {
    for (double tick : y.ticks()) {
      double at = AREA.getMaxY() - AREA.getHeight() * y.share(tick);
      canvas.line(AREA.getX(), at, AREA.getMaxX(), at, Canvas.GRID, new float[0]);
      canvas.text(Canvas.label(tick), AREA.getX() - 6, at + 4, 1, Canvas.MUTED);
    }
    for (double tick : x.ticks()) {
      double at = AREA.getX() + AREA.getWidth() * x.share(tick);
      canvas.line(at, AREA.getMaxY(), at, AREA.getMaxY() + 4, Canvas.MUTED, new float[0]);
      canvas.text(Canvas.label(tick), at, AREA.getMaxY() + 18, 0.5, Canvas.MUTED);
    }
    canvas.text(figure.x(), AREA.getCenterX(), AREA.getMaxY() + 36, 0.5, Canvas.MUTED);
    canvas.upwards(figure.y(), 18, AREA.getCenterY(), 0.5, Canvas.MUTED);
  }
}
