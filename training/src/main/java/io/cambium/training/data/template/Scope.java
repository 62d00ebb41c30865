package io.cambium.training.data.template;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The names of a template while it is compiled. */
final class Scope {

  private static final Set<String> NOT_VARIABLES =
      Set.of("varargs", "kwargs", "caller", "self", "super");

  private final Map<String, Object> constants = new HashMap<>();
  private final Map<Object, String> namesOfConstants = new HashMap<>();
  private final Set<String> macros = new HashSet<>();
  private Set<String> used = new HashSet<>();

  /** The name under which jinjava finds a value: it never parses one. */
  String constant(Object value) {
    return namesOfConstants.computeIfAbsent(
        value,
        v -> {
          String name = Operations.PREFIX + "constant" + namesOfConstants.size();
          constants.put(name, v);
          return name;
        });
  }

  /** Notes the use of a variable; the constant that holds its name. */
  String variable(String name) {
    if (isMacro(name) || NOT_VARIABLES.contains(name)) {
      throw new Refusal(name + " as a variable");
    }
    used.add(name);
    return constant(name);
  }

  void macro(String name) {
    macros.add(name);
  }

  boolean isMacro(String name) {
    return macros.contains(name);
  }

  Map<String, Object> constants() {
    return constants;
  }

  /** Starts to collect the variables that are used; gives those collected before. */
  Set<String> collect(Set<String> next) {
    Set<String> before = used;
    used = next;
    return before;
  }

  Set<String> used() {
    return used;
  }
}
