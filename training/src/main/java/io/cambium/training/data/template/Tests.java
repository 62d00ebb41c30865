package io.cambium.training.data.template;

import java.util.List;
import java.util.Map;

/** What may stand behind {@code is}. */
final class Tests {

  private Tests() {}

  static boolean holds(String name, Object value, Arguments arguments) {
    return arguments.count() == 1
        ? holds(name, value, arguments.positional().get(0))
        : holds(name, value);
  }

  private static boolean holds(String name, Object value) {
    return switch (name) {
      case "defined" -> value != Absent.UNDEFINED;
      case "undefined" -> value == Absent.UNDEFINED;
      case "none" -> value == Absent.NONE;
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Map;
      case "sequence" -> isSequence(value);
      case "iterable" -> value == Absent.UNDEFINED || isSequence(value);
      case "number" -> value instanceof Long || value instanceof Boolean;
      case "integer" -> value instanceof Long;
      case "boolean" -> value instanceof Boolean;
      case "true" -> value.equals(true);
      case "false" -> value.equals(false);
      case "odd" -> !divides(2L, value, name);
      case "even" -> divides(2L, value, name);
      default -> throw unknown(name, value);
    };
  }

  private static boolean holds(String name, Object value, Object argument) {
    return switch (name) {
      case "equalto", "eq", "==" -> Operations.equal(value, argument);
      case "ne", "!=" -> !Operations.equal(value, argument);
      case "in" -> Operations.contains(argument, value);
      case "divisibleby" -> divides(argument, value, name);
      default -> throw unknown(name, value);
    };
  }

  private static boolean divides(Object divisor, Object value, String test) {
    if (value instanceof Long n && divisor instanceof Long by && by != 0) {
      return n % by == 0;
    }
    throw unknown(test, value);
  }

  /** A string and a dict are sequences to jinja2 too. */
  private static boolean isSequence(Object value) {
    return switch (value) {
      case String _, List<?> _, Map<?, ?> _ -> true;
      case Long _, Boolean _ -> false;
      case Absent a when a == Absent.NONE -> false;
      default -> throw unknown("sequence", value);
    };
  }

  private static Refusal unknown(String name, Object value) {
    return new Refusal("the test is " + name + " on " + Operations.kind(value));
  }
}
