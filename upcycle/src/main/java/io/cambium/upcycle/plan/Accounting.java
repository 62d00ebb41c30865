package io.cambium.upcycle.plan;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** Sees to it that every tensor of the sources is used, or left out on purpose. */
public final class Accounting {

  private Accounting() {}

  /**
   * What does not go along, with the reason.
   *
   * @param onPurpose why a tensor may be left out; empty where it may not
   * @throws CheckpointException if something would be left out without a reason
   */
  public static SortedMap<String, String> leftOut(
      Collection<SourceCheckpoint> sources,
      List<Entry> entries,
      Function<SourceTensor, Optional<String>> onPurpose) {
    Set<SourceTensor> used = new HashSet<>();
    entries.forEach(entry -> used.addAll(entry.formula().sources()));
    SortedMap<String, String> leftOut = new TreeMap<>();
    for (SourceCheckpoint source : sources) {
      for (SourceTensor tensor : source.tensors()) {
        if (!used.contains(tensor)) {
          leftOut.put(
              tensor.toString(),
              onPurpose.apply(tensor).orElseThrow(() -> homeless(source, tensor)));
        }
      }
    }
    return leftOut;
  }

  private static CheckpointException homeless(SourceCheckpoint source, SourceTensor tensor) {
    return new CheckpointException(
        source.path(),
        "holds " + tensor + ", which has no place in the result",
        "remove it from the source if it is not needed");
  }
}
