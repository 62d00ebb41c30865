package io.cambium.upcycle.dense.router;

import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.runner.ModelRunner;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the rows of a new router come from (docs/upcycle.md). To add one, copy the smallest
 * neighbour and register it in {@link RouterInitialisations}.
 */
public interface RouterInitialisation {

  /** The name that users type. */
  String name();

  /** A layer's rows, one for each copy [E, D]. */
  Formula rows(int layer, int copies_E, int size_D, long seed);

  /**
   * What the rows follow, computed before anything else.
   *
   * @param trunk the models whose mean the weights outside of experts are
   * @param layers that will route
   * @param runner runs them
   */
  default Directions directions(
      List<SourceCheckpoint> trunk, List<Integer> layers, int copies_E, ModelRunner runner) {
    return Directions.NONE;
  }

  /** How experts are chosen, where that is not by the rows. */
  default Optional<Selection> selection(long seed) {
    return Optional.empty();
  }

  /** What else was chosen, by name. */
  Map<String, Double> parameters();
}
