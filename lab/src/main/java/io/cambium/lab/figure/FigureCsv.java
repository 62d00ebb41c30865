package io.cambium.lab.figure;

import io.cambium.lab.figure.Figure.HeatMap;
import io.cambium.lab.figure.Figure.Line;
import io.cambium.lab.figure.Figure.Lines;
import io.cambium.lab.figure.Figure.Node;
import io.cambium.lab.figure.Figure.Tree;
import java.util.List;

/** Figures as comma-separated values, a line for each number. */
final class FigureCsv {

  private final Csv csv = new Csv();

  private FigureCsv() {}

  static String of(Figure figure) {
    FigureCsv written = new FigureCsv();
    switch (figure) {
      case Lines lines -> written.lines(lines);
      case HeatMap map -> written.map(map);
      case Tree tree -> written.tree(tree);
    }
    return written.csv.text();
  }

  private void lines(Lines figure) {
    csv.row(List.of("series", figure.x(), figure.y()));
    for (Line line : figure.lines()) {
      for (int i = 0; i < line.x().size(); i++) {
        csv.row(List.of(line.name(), Csv.number(line.x().get(i)), Csv.number(line.y().get(i))));
      }
    }
  }

  private void map(HeatMap map) {
    csv.row(List.of(map.y(), map.x(), map.cell()));
    for (int r = 0; r < map.rows().size(); r++) {
      for (int c = 0; c < map.columns().size(); c++) {
        if (!Double.isNaN(map.value()[r][c])) {
          csv.row(List.of(map.rows().get(r), map.columns().get(c), Csv.number(map.value()[r][c])));
        }
      }
    }
  }

  private void tree(Tree tree) {
    csv.row(List.of("level", "parent", "child", "note"));
    tree.roots().forEach(root -> node(0, "", root));
  }

  /** A label alone may stand for one node on every level: a parent is of the level before. */
  private void node(int level, String parent, Node node) {
    csv.row(List.of(Integer.toString(level), parent, node.label(), node.note()));
    node.children().forEach(child -> node(level + 1, node.label(), child));
  }
}
