package io.cambium.upcycle.growth.replica;

import io.cambium.checkpoint.UsageException;

/** For replicas that have something of another expert than their parent. */
final class OtherExpert {

  private OtherExpert() {}

  static void require(ReplicaInitialisation replicas, int experts) {
    if (experts == 1) {
      throw new UsageException(
          "growth option replicas",
          replicas.name() + " needs another expert, and layers have only one",
          "take perturb-new or drop");
    }
  }
}
