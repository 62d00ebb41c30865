package io.cambium.training.data.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Methods of Python's strings and dicts. */
final class Methods {

  private static final Set<String> OF_MAP =
      Set.of(
          "items",
          "keys",
          "values",
          "get",
          "copy",
          "pop",
          "popitem",
          "update",
          "clear",
          "fromkeys",
          "setdefault");

  private Methods() {}

  static boolean ofMap(String name) {
    return OF_MAP.contains(name);
  }

  static Object call(Object value, String name, Arguments arguments) {
    return switch (value) {
      case String s -> ofString(s, name, arguments);
      case Map<?, ?> m -> ofMap(m, name, arguments);
      default -> throw unknown(value, name);
    };
  }

  private static Object ofString(String text, String name, Arguments arguments) {
    return switch (arguments.count()) {
      case 0 -> plain(text, name);
      case 1 ->
          arguments.areStrings(1) ? withOne(text, name, arguments.string(0)) : fail(text, name);
      case 2 -> withTwo(text, name, arguments);
      default -> fail(text, name);
    };
  }

  private static Object plain(String text, String name) {
    return switch (name) {
      case "strip" -> PythonText.strip(text);
      case "lstrip" -> PythonText.stripLeft(text);
      case "rstrip" -> PythonText.stripRight(text);
      case "split" -> PythonText.split(text);
      case "upper" -> PythonText.upper(text);
      case "lower" -> PythonText.lower(text);
      case "capitalize" -> PythonText.capitalize(text);
      default -> fail(text, name);
    };
  }

  private static Object withOne(String text, String name, String argument) {
    return switch (name) {
      case "strip" -> PythonText.stripLeft(PythonText.stripRight(text, argument), argument);
      case "lstrip" -> PythonText.stripLeft(text, argument);
      case "rstrip" -> PythonText.stripRight(text, argument);
      case "split" -> PythonText.split(text, argument, -1);
      case "startswith" -> text.startsWith(argument);
      case "endswith" -> text.endsWith(argument);
      default -> fail(text, name);
    };
  }

  private static Object withTwo(String text, String name, Arguments arguments) {
    if (name.equals("replace") && arguments.areStrings(2) && !arguments.string(0).isEmpty()) {
      return text.replace(arguments.string(0), arguments.string(1));
    }
    if (name.equals("split")
        && arguments.positional().get(0) instanceof String separator
        && arguments.positional().get(1) instanceof Long limit) {
      return PythonText.split(text, separator, limit);
    }
    return fail(text, name);
  }

  private static Object ofMap(Map<?, ?> map, String name, Arguments arguments) {
    int count = arguments.count();
    if (name.equals("get") && (count == 1 || count == 2)) {
      Object found = map.get(arguments.positional().get(0));
      Object other = count == 2 ? arguments.positional().get(1) : Absent.NONE;
      return found == null ? other : found;
    }
    return switch (count == 0 ? name : "") {
      case "items" -> entries(map);
      case "keys" -> new ArrayList<Object>(map.keySet());
      case "values" -> new ArrayList<Object>(map.values());
      default -> throw unknown(map, name);
    };
  }

  private static List<Object> entries(Map<?, ?> map) {
    List<Object> entries = new ArrayList<>();
    map.forEach((key, value) -> entries.add(List.of(key, value)));
    return entries;
  }

  private static Object fail(String text, String name) {
    throw unknown(text, name);
  }

  private static Refusal unknown(Object value, String name) {
    return new Refusal(
        "the method ." + name + "(...) of " + Operations.kind(value) + " with these arguments");
  }
}
