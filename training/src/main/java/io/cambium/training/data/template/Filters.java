package io.cambium.training.data.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Filters of jinja2, and {@code tojson} of transformers. */
final class Filters {

  private Filters() {}

  static Object apply(String name, Object value, Arguments arguments) {
    return switch (name) {
      case "selectattr", "rejectattr" -> select(name, value, arguments);
      case "join" -> join(value, arguments);
      case "replace" -> Methods.call(Operations.text(value), name, arguments);
      case "default", "d" -> otherwise(value, arguments);
      default -> {
        if (arguments.count() != 0) {
          throw new Refusal("the filter " + name + " with these arguments");
        }
        yield plain(name, value);
      }
    };
  }

  private static Object plain(String name, Object value) {
    return switch (name) {
      case "tojson" -> PythonJson.text(value);
      case "string" -> Operations.text(value);
      case "trim" -> PythonText.strip(Operations.text(value));
      case "upper" -> PythonText.upper(Operations.text(value));
      case "lower" -> PythonText.lower(Operations.text(value));
      case "capitalize" -> PythonText.capitalize(Operations.text(value));
      case "length", "count" -> length(name, value);
      case "first" -> first(value);
      case "last" -> last(value);
      case "list" -> new ArrayList<Object>(Operations.items(value));
      case "items" -> Methods.call(value, name, Arguments.NONE);
      default -> throw new Refusal("the filter " + name + " on " + Operations.kind(value));
    };
  }

  private static Object length(String name, Object value) {
    return switch (value) {
      case String s -> (long) PythonText.length(s);
      case List<?> l -> (long) l.size();
      case Map<?, ?> m -> (long) m.size();
      case Absent a when a == Absent.UNDEFINED -> 0L;
      default -> throw new Refusal("the filter " + name + " on " + Operations.kind(value));
    };
  }

  private static Object first(Object value) {
    List<?> items = Operations.items(value);
    return items.isEmpty() ? Absent.UNDEFINED : items.getFirst();
  }

  private static Object last(Object value) {
    List<?> items = Operations.items(value);
    return items.isEmpty() ? Absent.UNDEFINED : items.getLast();
  }

  private static Object join(Object value, Arguments arguments) {
    if (arguments.count() > 1 || !arguments.areStrings(arguments.count())) {
      throw new Refusal("the filter join with these arguments");
    }
    String between = arguments.count() == 1 ? arguments.string(0) : "";
    return String.join(between, Operations.items(value).stream().map(Operations::text).toList());
  }

  private static Object otherwise(Object value, Arguments arguments) {
    if (arguments.count() == 0) {
      return value == Absent.UNDEFINED ? "" : value;
    }
    if (!arguments.named().isEmpty() || arguments.count() > 2) {
      throw new Refusal("the filter default with these arguments");
    }
    boolean alsoUntrue = arguments.count() == 2 && Operations.isTrue(arguments.positional().get(1));
    boolean missing = value == Absent.UNDEFINED || (alsoUntrue && !Operations.isTrue(value));
    return missing ? arguments.positional().get(0) : value;
  }

  private static Object select(String name, Object value, Arguments arguments) {
    if (arguments.count() < 1 || !(arguments.positional().get(0) instanceof String attribute)) {
      throw new Refusal("the filter " + name + " with these arguments");
    }
    List<Object> rest = arguments.positional().subList(1, arguments.count());
    List<Object> selected = new ArrayList<>();
    for (Object item : Operations.items(value)) {
      if (holds(Operations.item(item, attribute), rest) == name.equals("selectattr")) {
        selected.add(item);
      }
    }
    return selected;
  }

  private static boolean holds(Object value, List<Object> test) {
    return test.isEmpty()
        ? Operations.isTrue(value)
        : Tests.holds(
            Operations.text(test.getFirst()),
            value,
            Arguments.of(test.subList(1, test.size()).toArray()));
  }
}
