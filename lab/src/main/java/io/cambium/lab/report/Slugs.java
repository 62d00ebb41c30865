package io.cambium.lab.report;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** Names that any file system takes, another one for each of some names. */
final class Slugs {

  private final Map<String, String> slugs = new HashMap<>();

  /** Of names that slugs cannot tell apart, the second gets a 2, and so on. */
  Slugs(Collection<String> names) {
    for (String name : names) {
      String slug = plain(name);
      String own = slug;
      for (int number = 2; slugs.containsValue(own); number++) {
        own = slug + "-" + number;
      }
      slugs.putIfAbsent(name, own);
    }
  }

  String of(String name) {
    return Objects.requireNonNull(slugs.get(name), name);
  }

  private static String plain(String name) {
    String slug =
        Arrays.stream(name.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"))
            .filter(part -> !part.isEmpty())
            .collect(Collectors.joining("-"));
    return slug.isEmpty() ? "unnamed" : slug;
  }
}
