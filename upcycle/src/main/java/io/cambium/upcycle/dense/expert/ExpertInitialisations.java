package io.cambium.upcycle.dense.expert;

import io.cambium.checkpoint.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;

/** The expert initialisations, by the names that users type. */
public final class ExpertInitialisations {

  /**
   * What users may set, for those that it concerns.
   *
   * @param dropRate share of a copy's neurons that is drawn anew
   */
  public record Parameters(double dropRate) {
    public static final Parameters DEFAULT = new Parameters(0.5);

    public Parameters {
      if (!(dropRate > 0 && dropRate <= 1)) {
        throw new UsageException("option drop-rate", dropRate + " is not within 0 and 1", null);
      }
    }
  }

  private static final SequencedMap<String, Function<Parameters, ExpertInitialisation>> ALL =
      new LinkedHashMap<>();

  static {
    ALL.put("copy", _ -> new Copy());
    ALL.put("drop", parameters -> new Drop(parameters.dropRate()));
  }

  private ExpertInitialisations() {}

  public static List<String> names() {
    return List.copyOf(ALL.sequencedKeySet());
  }

  /**
   * The initialisation of a name.
   *
   * @throws UsageException if there is none
   */
  public static ExpertInitialisation named(String name, Parameters parameters) {
    Function<Parameters, ExpertInitialisation> found = ALL.get(name);
    if (found == null) {
      throw new UsageException(
          "option init",
          "\"" + name + "\" is no initialisation of experts",
          "there are " + String.join(", ", names()));
    }
    return found.apply(parameters);
  }
}
