package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * One line of the ledger: a tensor of the result, or a part of one that the family packs together
 * with others.
 *
 * @param dtype of the tensor on disk
 */
public record Entry(ModelTensor target, DType dtype, Formula formula) {

  /** The tensor on disk that it lies in. */
  public TensorSpec onDisk() {
    return new TensorSpec(target.name(), dtype, target.piece().whole());
  }

  /** Its own size. */
  public long bytes() {
    return new TensorSpec(target.name(), dtype, target.shape()).bytes();
  }

  /** Whether it is more than its source's bytes, rearranged. */
  public boolean isComputed() {
    return !formula.isCopied();
  }

  /** Whether its elements lie on disk one after the other. */
  public boolean isContiguous() {
    return Strided.of(this).isContiguous();
  }

  /** The same tensor without what makes one copy of a block differ from another. */
  public Entry unperturbed() {
    return new Entry(target, dtype, formula.unperturbed());
  }

  /** The tensors on disk that these lines fill, in their order. */
  public static List<TensorSpec> onDisk(List<Entry> entries) {
    SequencedMap<String, TensorSpec> byName = new LinkedHashMap<>();
    for (Entry entry : entries) {
      TensorSpec spec = entry.onDisk();
      TensorSpec other = byName.putIfAbsent(spec.name(), spec);
      if (other != null && !other.equals(spec)) {
        throw new IllegalArgumentException("one tensor cannot be both " + other + " and " + spec);
      }
    }
    return new ArrayList<>(byName.values());
  }
}
