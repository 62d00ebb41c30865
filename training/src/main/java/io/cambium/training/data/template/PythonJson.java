package io.cambium.training.data.template;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** JSON as Python's {@code json.dumps(value, ensure_ascii=False)} writes it. */
final class PythonJson {

  private PythonJson() {}

  static String text(Object value) {
    return switch (value) {
      case String s -> string(s);
      case Long n -> n.toString();
      case Boolean b -> b.toString();
      case Absent a when a == Absent.NONE -> "null";
      case List<?> l ->
          l.stream().map(PythonJson::text).collect(Collectors.joining(", ", "[", "]"));
      case Map<?, ?> m ->
          m.entrySet().stream()
              .map(entry -> text(entry.getKey()) + ": " + text(entry.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
      default -> throw new Refusal("the filter tojson on " + Operations.kind(value));
    };
  }

  private static String string(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        case '\b' -> json.append("\\b");
        case '\f' -> json.append("\\f");
        default -> {
          if (c < ' ') {
            json.append(String.format("\\u%04x", (int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    return json.append('"').toString();
  }
}
