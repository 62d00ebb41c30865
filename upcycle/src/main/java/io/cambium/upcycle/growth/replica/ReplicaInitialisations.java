package io.cambium.upcycle.growth.replica;

import io.cambium.checkpoint.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;

/** The initialisations of replicas, by the names that users type. */
public final class ReplicaInitialisations {

  public static final ReplicaInitialisation COPY = new Copy();

  /**
   * An entry of the registry.
   *
   * @param amount the default
   */
  private record Kind(double amount, DoubleFunction<ReplicaInitialisation> make) {}

  private static final SequencedMap<String, Kind> ALL = new LinkedHashMap<>();

  static {
    ALL.put("copy", new Kind(0, _ -> COPY));
    ALL.put("drop", new Kind(0.5, Drop::new));
    ALL.put("interpolate", new Kind(0.5, Interpolate::new));
    ALL.put("orthogonal", new Kind(0.1, Orthogonal::new));
    ALL.put("scaled", new Kind(0.1, Scaled::new));
    ALL.put("svd-mix", new Kind(0.5, SvdMix::new));
    ALL.put("sparse-code", new Kind(0.05, SparseCode::new));
    ALL.put("perturb-new", new Kind(0.01, PerturbNew::new));
    ALL.put("adversarial", new Kind(0.01, Adversarial::new));
  }

  private ReplicaInitialisations() {}

  public static List<String> names() {
    return List.copyOf(ALL.sequencedKeySet());
  }

  /**
   * The initialisation of a name.
   *
   * @param amount how far it goes; null for its default
   * @throws UsageException if there is none, or the amount makes no sense for it
   */
  public static ReplicaInitialisation named(String name, @Nullable Double amount) {
    Kind found = ALL.get(name);
    if (found == null) {
      throw new UsageException(
          "growth option replicas",
          "\"" + name + "\" is no initialisation of replicas",
          "there are " + String.join(", ", names()));
    }
    double chosen = amount == null ? found.amount : amount;
    boolean copy = found.amount == 0;
    if (copy ? chosen != 0 : !(chosen > 0 && chosen <= 1)) {
      throw new UsageException(
          "growth option replica-amount",
          chosen + " does not go with replicas " + name,
          copy ? "copies take none" : "name one above 0, at most 1");
    }
    return found.make.apply(chosen);
  }
}
