package io.cambium.upcycle.growth.replica;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceTensor;
import java.util.function.IntFunction;

/**
 * A tensor that is to be made.
 *
 * @param target the replica's tensor
 * @param parent index of the parent among the layer's experts before growing
 * @param experts how many those are
 * @param ofExpert the same tensor of any of them
 * @param gradient where its gradient lies, if that was computed
 * @param width neurons of an expert
 * @param seed of everything drawn
 */
public record ReplicaSlot(
    ModelTensor target,
    int parent,
    int experts,
    IntFunction<Formula> ofExpert,
    SourceTensor gradient,
    int width,
    long seed) {

  /** A name for what is drawn for this tensor alone. */
  String key() {
    return target.key();
  }

  /** Whether it is gate, up or down, not a bias of theirs. */
  boolean isMatrix() {
    return target.shape().size() == 2;
  }

  int neuronAxis() {
    return target.part().neuronAxis();
  }

  /** The expert that a replica is mixed with: one for all of its tensors. */
  int other() {
    return other(seed, target.layer(), target.expert(), parent, experts);
  }

  /** Any but the parent, each as likely as the others. */
  public static int other(long seed, int layer, int replica, int parent, int experts) {
    CounterRandom random = CounterRandom.of(seed, "other expert." + layer + "." + replica);
    int drawn = (int) (random.uniform(0) * (experts - 1));
    return drawn < parent ? drawn : drawn + 1;
  }
}
