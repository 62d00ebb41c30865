package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Neurons;
import java.util.Optional;

/**
 * How a replica's weights differ from its parent's. Originals stay as they are. But for {@link
 * Copy} and {@link Drop} these are ablations: ways that others have tried, to be compared with. To
 * add one, copy the smallest neighbour and register it in {@link ReplicaInitialisations}.
 *
 * <p>Shapes: gate and up projections are [F, D], a row for each neuron; down projections [D, F], a
 * column for each.
 */
public interface ReplicaInitialisation {

  /** The name that users type. */
  String name();

  /** How far it goes, in its own unit: above 0 and at most 1, or 0 for copies. */
  double amount();

  /** Whether replicas are their parents, weight for weight. */
  default boolean isCopy() {
    return amount() == 0;
  }

  /**
   * Refuses a model that it makes no sense with.
   *
   * @param experts routed experts of a layer, before growing
   * @param width neurons of an expert
   * @param hiddenSize D
   * @throws io.cambium.checkpoint.UsageException if it does not fit
   */
  default void requireFits(int experts, int width, int hiddenSize) {}

  /** Whether {@link ReplicaSlot#gradient()} has to be computed first. */
  default boolean needsGradients() {
    return false;
  }

  /**
   * One tensor of a replica.
   *
   * @param parent the parent's own
   */
  Formula replica(Formula parent, ReplicaSlot slot);

  /** The neurons of it that no longer have anything of their parent. */
  default Optional<Neurons> redrawn(ReplicaSlot slot) {
    return Optional.empty();
  }
}
