package io.cambium.training.data.template;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the operators of an expression mean: each public method is a function that {@link
 * ExpressionCompiler} makes jinjava call.
 *
 * <p>Values are strings, Long, Boolean, lists, maps with strings as keys, {@link Loop}, {@link
 * Namespace}, {@link Global} and {@link Absent}; never null. Where Python raises an error, and for
 * what is not known here, a {@link Refusal} is thrown.
 */
final class Operations {

  /** Begins every name that is Cambium's, not the template's. */
  static final String PREFIX = "j2__";

  private static final String KEPT = PREFIX + "kept";

  /** A function of jinja2 or transformers that is looked at and not called. */
  private record Global(String name) {}

  /** An argument with a name. */
  record Keyword(String name, Object value) {}

  /** Holds what loops leave behind, as jinja2's {@code namespace}. */
  static final class Namespace {
    private final Map<String, Object> values = new LinkedHashMap<>();
  }

  private Operations() {}

  /** The methods here as jinjava wants them. */
  static List<ELFunctionDefinition> functions() {
    return Arrays.stream(Operations.class.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .map(Operations::function)
        .toList();
  }

  private static ELFunctionDefinition function(Method method) {
    return new ELFunctionDefinition(
        "",
        PREFIX + method.getName(),
        Operations.class,
        method.getName(),
        method.getParameterTypes());
  }

  /** Variables that every rendering needs beside the template's own. */
  static Map<String, Object> state() {
    return Map.of(KEPT, new ArrayDeque<Object>());
  }

  public static Object variable(Object name) {
    Object value = JinjavaInterpreter.getCurrent().getContext().get(name);
    if (value != null) {
      return value;
    }
    String text = (String) name;
    return TemplateFunctions.isKnown(text) ? new Global(text) : Absent.UNDEFINED;
  }

  public static Object undefined() {
    return Absent.UNDEFINED;
  }

  public static Object list(Object... items) {
    return new ArrayList<>(Arrays.asList(items));
  }

  public static Object dict(Object... entries) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < entries.length; i += 2) {
      if (!(entries[i] instanceof String)) {
        throw new Refusal("a dict whose keys are no strings");
      }
      map.put(entries[i], entries[i + 1]);
    }
    return map;
  }

  public static Object keyword(Object name, Object value) {
    return new Keyword((String) name, value);
  }

  public static Object function(Object name, Object... arguments) {
    return TemplateFunctions.call((String) name, Arguments.of(arguments));
  }

  public static Object filter(Object value, Object name, Object... arguments) {
    return Filters.apply((String) name, value, Arguments.of(arguments));
  }

  public static Object method(Object value, Object name, Object... arguments) {
    return Methods.call(value, (String) name, Arguments.of(arguments));
  }

  public static Object test(Object value, Object name, Object... arguments) {
    return Tests.holds((String) name, value, Arguments.of(arguments));
  }

  // ---------------------------------------------------------------- truth

  public static boolean isTrue(Object value) {
    return switch (value) {
      case Boolean b -> b;
      case Long n -> n != 0;
      case String s -> !s.isEmpty();
      case List<?> l -> !l.isEmpty();
      case Map<?, ?> m -> !m.isEmpty();
      case Absent _ -> false;
      default -> true;
    };
  }

  public static Object not(Object value) {
    return !isTrue(value);
  }

  /** The left side of {@code or}: true leaves it for {@link #kept}. */
  public static Object keepTrue(Object value) {
    if (isTrue(value)) {
      kept(JinjavaInterpreter.getCurrent()).push(value);
      return true;
    }
    return false;
  }

  /** The left side of {@code and}: untrue leaves it for {@link #kept}. */
  public static Object keepFalse(Object value) {
    if (!isTrue(value)) {
      kept(JinjavaInterpreter.getCurrent()).push(value);
      return true;
    }
    return false;
  }

  /** What decided the {@code and} or {@code or} that is being evaluated. */
  public static Object kept() {
    return kept(JinjavaInterpreter.getCurrent()).pop();
  }

  @SuppressWarnings("unchecked") // put there by state()
  private static Deque<Object> kept(JinjavaInterpreter interpreter) {
    return (Deque<Object>) Objects.requireNonNull(interpreter.getContext().get(KEPT));
  }

  // ---------------------------------------------------------------- operators

  public static Object compare(Object operator, Object left, Object right) {
    return switch ((String) operator) {
      case "==" -> equal(left, right);
      case "!=" -> !equal(left, right);
      case "in" -> contains(right, left);
      case "not in" -> !contains(right, left);
      case "<" -> order(left, right) < 0;
      case "<=" -> order(left, right) <= 0;
      case ">" -> order(left, right) > 0;
      default -> order(left, right) >= 0;
    };
  }

  static boolean equal(Object left, Object right) {
    if (left instanceof Boolean != right instanceof Boolean
        && (left instanceof Long || right instanceof Long)) {
      throw new Refusal("a comparison of a number with true or false");
    }
    return left.equals(right);
  }

  static boolean contains(Object container, Object item) {
    return switch (container) {
      case String s when item instanceof String part -> s.contains(part);
      case List<?> l -> l.stream().anyMatch(element -> equal(element, item));
      case Map<?, ?> m -> m.containsKey(item);
      case Absent a when a == Absent.UNDEFINED -> false;
      default -> throw new Refusal(kind(item) + " in " + kind(container));
    };
  }

  private static int order(Object left, Object right) {
    if (left instanceof Long a && right instanceof Long b) {
      return Long.compare(a, b);
    }
    throw new Refusal("the order of " + kind(left) + " and " + kind(right));
  }

  @SuppressWarnings("unchecked") // lists hold values
  public static Object add(Object left, Object right) {
    if (left instanceof String a && right instanceof String b) {
      return a + b;
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      List<Object> sum = new ArrayList<>((List<Object>) a);
      sum.addAll(b);
      return sum;
    }
    return Math.addExact(number("+", left), number("+", right));
  }

  public static Object subtract(Object left, Object right) {
    return Math.subtractExact(number("-", left), number("-", right));
  }

  public static Object multiply(Object left, Object right) {
    return Math.multiplyExact(number("*", left), number("*", right));
  }

  public static Object divide(Object left, Object right) {
    return Math.floorDiv(number("//", left), number("//", right));
  }

  public static Object modulo(Object left, Object right) {
    return Math.floorMod(number("%", left), number("%", right));
  }

  public static Object concatenate(Object left, Object right) {
    return text(left) + text(right);
  }

  private static long number(String operator, Object value) {
    if (value instanceof Long n) {
      return n;
    }
    throw new Refusal("the operator " + operator + " on " + kind(value));
  }

  // ---------------------------------------------------------------- parts

  public static Object attribute(Object value, Object name) {
    String key = (String) name;
    if (Methods.ofMap(key) && value instanceof Map) {
      throw new Refusal("." + key + ", a method of a dict, without a call");
    }
    return switch (value) {
      case Loop loop -> loop.get(key);
      case Namespace space -> space.values.getOrDefault(key, Absent.UNDEFINED);
      case String _, Long _, Boolean _, List<?> _ ->
          throw new Refusal("." + key + " of " + kind(value));
      default -> item(value, name);
    };
  }

  public static Object item(Object value, Object key) {
    return switch (value) {
      case Map<?, ?> m ->
          m.containsKey(key) ? Objects.requireNonNull(m.get(key)) : Absent.UNDEFINED;
      case List<?> l when key instanceof Long n -> element(l, n);
      case String s when key instanceof Long n -> element(PythonText.characters(s), n);
      case Loop loop when key instanceof String s -> loop.get(s);
      case Absent a when a == Absent.NONE -> Absent.UNDEFINED;
      default -> throw new Refusal("[" + kind(key) + "] of " + kind(value));
    };
  }

  private static Object element(List<?> list, long index) {
    long at = index < 0 ? index + list.size() : index;
    return at < 0 || at >= list.size() ? Absent.UNDEFINED : list.get((int) at);
  }

  public static Object slice(Object value, Object from, Object to, Object step) {
    long by = step instanceof Long n ? n : 1;
    List<?> items = items(value);
    if (value instanceof Map || by == 0) {
      throw new Refusal("a slice of " + kind(value));
    }
    int size = items.size();
    long start = from instanceof Long n ? bound(n, size, by) : by > 0 ? 0 : size - 1;
    long end = to instanceof Long n ? bound(n, size, by) : by > 0 ? size : -1;
    List<Object> part = new ArrayList<>();
    for (long i = start; by > 0 ? i < end : i > end; i += by) {
      part.add(items.get((int) i));
    }
    return value instanceof String
        ? String.join("", part.stream().map(Operations::text).toList())
        : part;
  }

  private static long bound(long index, int size, long step) {
    long at = index < 0 ? index + size : index;
    return step > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1);
  }

  /** What a loop goes over. */
  public static List<?> items(Object value) {
    return switch (value) {
      case List<?> l -> l;
      case Map<?, ?> m -> new ArrayList<>(m.keySet());
      case String s -> PythonText.characters(s);
      case Absent a when a == Absent.UNDEFINED -> List.of();
      default -> throw new Refusal("a loop over " + kind(value));
    };
  }

  /** {@code set space.name = value}; prints nothing. */
  public static Object assign(Object variable, Object name, Object value) {
    if (!(variable(variable) instanceof Namespace space)) {
      throw new Refusal("set " + variable + "." + name + ", which is no namespace");
    }
    space.values.put((String) name, value);
    return "";
  }

  static Namespace namespace(Map<String, Object> values) {
    Namespace space = new Namespace();
    space.values.putAll(values);
    return space;
  }

  // ---------------------------------------------------------------- text

  public static Object print(Object value) {
    return text(value);
  }

  /** What {@code str} makes of a value. */
  static String text(Object value) {
    return switch (value) {
      case String s -> s;
      case Long n -> n.toString();
      case Boolean b -> b ? "True" : "False";
      case Absent a -> a == Absent.NONE ? "None" : "";
      default -> throw new Refusal(kind(value) + " as text");
    };
  }

  /** What a value is, for a message. */
  static String kind(Object value) {
    return switch (value) {
      case String _ -> "a string";
      case Long _ -> "a number";
      case Boolean _ -> "true or false";
      case List<?> _ -> "a list";
      case Map<?, ?> _ -> "a dict";
      case Absent a -> a.toString();
      case Global g -> "the function " + g.name();
      default -> value.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    };
  }
}
