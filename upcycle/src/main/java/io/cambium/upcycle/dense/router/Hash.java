package io.cambium.upcycle.dense.router;

import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.upcycle.ledger.Formula;
import java.util.Map;
import java.util.Optional;

/**
 * Experts by the token's id, with equal weights, for good (Hash Layers, arXiv 2106.04426). The rows
 * are drawn as {@link Normal} draws them and choose nothing; no engine but this one routes so.
 */
record Hash() implements RouterInitialisation {

  @Override
  public String name() {
    return "hash";
  }

  @Override
  public Formula rows(int layer, int copies_E, int size_D, long seed) {
    return Normal.DEFAULT.rows(layer, copies_E, size_D, seed);
  }

  @Override
  public Optional<Selection> selection(long seed) {
    return Optional.of(Selection.hash(seed));
  }

  @Override
  public Map<String, Double> parameters() {
    return Map.of();
  }
}
