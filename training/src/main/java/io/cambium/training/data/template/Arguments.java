package io.cambium.training.data.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a call. */
record Arguments(List<Object> positional, Map<String, Object> named) {

  static final Arguments NONE = new Arguments(List.of(), Map.of());

  static Arguments of(Object[] arguments) {
    List<Object> positional = new ArrayList<>();
    Map<String, Object> named = new LinkedHashMap<>();
    for (Object argument : arguments) {
      if (argument instanceof Operations.Keyword keyword) {
        named.put(keyword.name(), keyword.value());
      } else {
        positional.add(argument);
      }
    }
    return new Arguments(positional, named);
  }

  /** How many there are, where none has a name. */
  int count() {
    return named.isEmpty() ? positional.size() : -1;
  }

  /** Whether there are so many, all of them strings without a name. */
  boolean areStrings(int count) {
    return count() == count && positional.stream().allMatch(String.class::isInstance);
  }

  String string(int index) {
    return (String) positional.get(index);
  }
}
