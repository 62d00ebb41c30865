package io.cambium.upcycle.dense.router;

import io.cambium.upcycle.ledger.Formula;
import java.util.Map;

/** Where the rows of a new router come from (method 4). */
public interface RouterInitialisation {

  /** The name that users type. */
  String name();

  /** A layer's rows, one for each copy [E, D]. */
  Formula rows(int layer, int copies_E, int size_D, long seed);

  /** What else was chosen, by name. */
  Map<String, Double> parameters();
}
