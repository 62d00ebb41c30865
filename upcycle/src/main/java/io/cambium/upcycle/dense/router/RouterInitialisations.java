package io.cambium.upcycle.dense.router;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.runner.TokenIds;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The router initialisations, by the names that users type. */
public final class RouterInitialisations {

  private static final List<String> NAMES = List.of("normal", "centroid", "hash");

  private RouterInitialisations() {}

  public static List<String> names() {
    return NAMES;
  }

  /**
   * The initialisation of a name.
   *
   * @param deviation of the rows, 0.02 if null
   * @param domains tokens of each domain of a corpus, for {@code centroid}
   * @throws UsageException if there is none of that name, or it does not take a deviation
   */
  public static RouterInitialisation named(
      String name, @Nullable Double deviation, SequencedMap<String, List<TokenIds>> domains) {
    if (deviation != null && !(deviation > 0 && Double.isFinite(deviation))) {
      throw new UsageException("option router-std", deviation + " is not above 0", null);
    }
    double known = Objects.requireNonNullElse(deviation, Normal.DEFAULT.deviation());
    return switch (name) {
      case "normal" -> new Normal(known);
      case "centroid" -> new Centroid(known, domains);
      case "hash" -> hash(deviation);
      case "zero" ->
          throw new UsageException(
              "option router",
              "zero makes all logits equal: every token would go to the same experts, and the"
                  + " others would never learn",
              "take normal");
      default ->
          throw new UsageException(
              "option router",
              "\"" + name + "\" is no initialisation of routers",
              "there are " + String.join(", ", NAMES));
    };
  }

  private static RouterInitialisation hash(@Nullable Double deviation) {
    if (deviation != null) {
      throw new UsageException(
          "option router-std", "means nothing to hash, which uses no rows", "leave it out");
    }
    return new Hash();
  }
}
