package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.upcycle.GrowthOptions.Moments;
import io.cambium.upcycle.SourceTensor.Origin;
import io.cambium.upcycle.UpcyclePlan.Entry;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Sees to it that every tensor of the source is used, or left out on purpose. */
final class Accounting {

  private Accounting() {}

  /**
   * What does not go along, with the reason.
   *
   * @throws CheckpointException if something would be left out without one
   */
  static SortedMap<String, String> leftOut(
      GrowthSource source,
      Moments moments,
      List<Entry> weights,
      List<Entry> optimizer,
      SideFiles sideFiles) {
    Set<SourceTensor> unused = new HashSet<>(source.tensors());
    weights.forEach(entry -> entry.formula().sources().forEach(unused::remove));
    optimizer.forEach(entry -> entry.formula().sources().forEach(unused::remove));
    SortedMap<String, String> leftOut = new TreeMap<>();
    for (SourceTensor tensor : unused) {
      if (tensor.origin() != Origin.OPTIMIZER || moments != Moments.RESET) {
        throw new CheckpointException(
            source.weights().path(),
            "holds " + tensor + ", which has no place in the grown model",
            "remove it from the source if it is not needed");
      }
      leftOut.put(tensor.toString(), "moments are reset");
    }
    sideFiles.leftOut().forEach(file -> leftOut.put(file, "not known to belong to the model"));
    return leftOut;
  }
}
