package io.cambium.upcycle.dense.expert;

import io.cambium.checkpoint.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The expert initialisations, by the names that users type. */
public final class ExpertInitialisations {

  private static final String NOISE = "noise";
  private static final String DROP_RATE = "drop-rate";
  private static final String SVD_SHARE = "svd-share";

  /**
   * What users may set, for those that it concerns; null for their defaults.
   *
   * @param noise standard deviation of noise, as a share of the matrix's own: 0.01
   * @param dropRate share of a copy's neurons that is drawn anew: 0.5
   * @param svdShare share of the squared singular values that is kept: 0.9
   */
  public record Parameters(
      @Nullable Double noise, @Nullable Double dropRate, @Nullable Double svdShare) {

    public static final Parameters DEFAULT = new Parameters(null, null, null);

    public Parameters {
      require(noise == null || (noise > 0 && noise <= 1), NOISE, noise);
      require(dropRate == null || (dropRate > 0 && dropRate <= 1), DROP_RATE, dropRate);
      require(svdShare == null || (svdShare > 0 && svdShare < 1), SVD_SHARE, svdShare);
    }

    private static void require(boolean valid, String option, @Nullable Double value) {
      if (!valid) {
        throw new UsageException("option " + option, value + " is not within 0 and 1", null);
      }
    }

    /** What was set, by the name of the option. */
    private Map<String, Double> given() {
      Map<String, Double> given = new LinkedHashMap<>();
      put(given, NOISE, noise);
      put(given, DROP_RATE, dropRate);
      put(given, SVD_SHARE, svdShare);
      return given;
    }

    private static void put(Map<String, Double> given, String option, @Nullable Double value) {
      if (value != null) {
        given.put(option, value);
      }
    }

    private double noiseOrDefault() {
      return Objects.requireNonNullElse(noise, 0.01);
    }

    private double dropRateOrDefault() {
      return Objects.requireNonNullElse(dropRate, 0.5);
    }

    private double svdShareOrDefault() {
      return Objects.requireNonNullElse(svdShare, 0.9);
    }
  }

  /**
   * An entry of the registry.
   *
   * @param option the one that it takes
   */
  private record Kind(@Nullable String option, Function<Parameters, ExpertInitialisation> make) {

    boolean takes(String given) {
      return given.equals(option);
    }
  }

  private static final SequencedMap<String, Kind> ALL = new LinkedHashMap<>();

  static {
    ALL.put("copy", new Kind(null, _ -> new Copy()));
    ALL.put("duplicate-noise", new Kind(NOISE, p -> new DuplicateNoise(p.noiseOrDefault())));
    ALL.put("drop", new Kind(DROP_RATE, p -> new Drop(p.dropRateOrDefault())));
    ALL.put(
        "drop-independent", new Kind(DROP_RATE, p -> new DropIndependent(p.dropRateOrDefault())));
    ALL.put("subset", new Kind(null, _ -> new Subset()));
    ALL.put("permute", new Kind(null, _ -> new Permute()));
    ALL.put("partition", new Kind(null, _ -> new Partition()));
    ALL.put("svd", new Kind(SVD_SHARE, p -> new Svd(p.svdShareOrDefault())));
    ALL.put("random", new Kind(null, _ -> new Random()));
  }

  private ExpertInitialisations() {}

  public static List<String> names() {
    return List.copyOf(ALL.sequencedKeySet());
  }

  /**
   * The initialisation of a name.
   *
   * @throws UsageException if there is none, or it does not take a parameter that is given
   */
  public static ExpertInitialisation named(String name, Parameters parameters) {
    Kind found = ALL.get(name);
    if (found == null) {
      throw new UsageException(
          "option init",
          "\"" + name + "\" is no initialisation of experts",
          "there are " + String.join(", ", names()));
    }
    for (String option : parameters.given().keySet()) {
      if (!found.takes(option)) {
        throw new UsageException(
            "option " + option,
            "means nothing to the initialisation " + name,
            "leave it out, or take one of " + takers(option));
      }
    }
    return found.make().apply(parameters);
  }

  private static String takers(String option) {
    return ALL.entrySet().stream()
        .filter(kind -> kind.getValue().takes(option))
        .map(Map.Entry::getKey)
        .collect(Collectors.joining(", "));
  }
}
