package io.cambium.training.data.template;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code for} with a new scope for every item, as in jinja2. In jinjava's own, a variable that is
 * set for one item is still there for the next.
 */
final class LoopTag implements Tag {

  private static final long serialVersionUID = 1;

  /** Stands before what a loop goes over. */
  static final String IN = " in ";

  /** Stands before the condition on an item, where there is one. */
  static final String WHERE = " where ";

  @Override
  public String getName() {
    return "for";
  }

  @Override
  public String interpret(TagNode tag, JinjavaInterpreter interpreter) {
    String helpers = tag.getHelpers().strip();
    int in = helpers.indexOf(IN);
    String[] names = helpers.substring(0, in).split(",");
    String[] expressions = helpers.substring(in + IN.length()).split(WHERE);
    int line = tag.getLineNumber();
    // Null where an expression failed: jinjava has noted the error.
    if (!(interpreter.resolveELExpression(expressions[0], line) instanceof List<?> all)) {
      return "";
    }
    List<Object> items = new ArrayList<>(all);
    if (expressions.length > 1) {
      items.removeIf(item -> !holds(expressions[1], names, item, interpreter, line));
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < items.size(); i++) {
      try (var _ = interpreter.enterScope()) {
        bind(names, items.get(i), interpreter);
        interpreter.getContext().put("loop", new Loop(i, items.size()));
        for (Node child : tag.getChildren()) {
          text.append(child.render(interpreter));
        }
      }
    }
    return text.toString();
  }

  private static boolean holds(
      String condition, String[] names, Object item, JinjavaInterpreter interpreter, int line) {
    try (var _ = interpreter.enterScope()) {
      bind(names, item, interpreter);
      return Boolean.TRUE.equals(interpreter.resolveELExpression(condition, line));
    }
  }

  private static void bind(String[] names, Object item, JinjavaInterpreter interpreter) {
    if (names.length == 1) {
      interpreter.getContext().put(names[0], item);
      return;
    }
    if (!(item instanceof List<?> parts) || parts.size() != names.length) {
      throw new Refusal("a loop with " + names.length + " variables over " + Operations.kind(item));
    }
    for (int i = 0; i < names.length; i++) {
      interpreter.getContext().put(names[i], parts.get(i));
    }
  }
}
