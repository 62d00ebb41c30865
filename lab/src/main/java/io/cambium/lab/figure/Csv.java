package io.cambium.lab.figure;

import io.cambium.lab.figure.Figure.HeatMap;
import io.cambium.lab.figure.Figure.Line;
import io.cambium.lab.figure.Figure.Lines;
import io.cambium.lab.figure.Figure.Node;
import io.cambium.lab.figure.Figure.Tree;
import java.util.List;
import java.util.stream.Collectors;

/** Figures as comma-separated values (RFC 4180), a line for each number. */
final class Csv {

  private final StringBuilder text = new StringBuilder();

  private Csv() {}

  static String of(Figure figure) {
    Csv csv = new Csv();
    switch (figure) {
      case Lines lines -> csv.lines(lines);
      case HeatMap map -> csv.map(map);
      case Tree tree -> {
        csv.row(List.of("parent", "child", "note"));
        tree.roots().forEach(root -> csv.node("", root));
      }
    }
    return csv.text.toString();
  }

  private void lines(Lines figure) {
    row(List.of("series", figure.x(), figure.y()));
    for (Line line : figure.lines()) {
      for (int i = 0; i < line.x().size(); i++) {
        row(List.of(line.name(), number(line.x().get(i)), number(line.y().get(i))));
      }
    }
  }

  private void map(HeatMap map) {
    row(List.of(map.y(), map.x(), "load relative to an even one"));
    for (int r = 0; r < map.rows().size(); r++) {
      for (int c = 0; c < map.columns().size(); c++) {
        if (!Double.isNaN(map.value()[r][c])) {
          row(List.of(map.rows().get(r), map.columns().get(c), number(map.value()[r][c])));
        }
      }
    }
  }

  private void node(String parent, Node node) {
    row(List.of(parent, node.label(), node.note()));
    node.children().forEach(child -> node(node.label(), child));
  }

  private void row(List<String> cells) {
    text.append(cells.stream().map(Csv::quoted).collect(Collectors.joining(",")));
    text.append("\r\n");
  }

  private static String number(double value) {
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
