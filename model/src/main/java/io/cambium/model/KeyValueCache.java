package io.cambium.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of the tokens that a model has seen, so that each further token costs one step. B
 * batch, T tokens seen, G key-value heads, d head dimension.
 */
final class KeyValueCache {

  /** Tokens by which memory grows. */
  private static final long STEP = 256;

  private final List<Layer> layers = new ArrayList<>();

  KeyValueCache(int layers) {
    for (int i = 0; i < layers; i++) {
      this.layers.add(new Layer());
    }
  }

  Layer layer(int index) {
    return layers.get(index);
  }

  /** Tokens seen. */
  long length() {
    return layers.getFirst().length;
  }

  /** The keys and values of one layer. */
  static final class Layer {
    private @Nullable Tensor keys_BTGd;
    private @Nullable Tensor values_BTGd;
    private long length;

    long length() {
      return length;
    }

    /** Remembers the keys of further tokens and returns all; values must follow. */
    Tensor appendKeys(Tensor new_BSGd) {
      keys_BTGd = append(keys_BTGd, new_BSGd);
      return keys_BTGd.narrow(1, 0, length + new_BSGd.size(1));
    }

    /** Remembers the values of the same tokens and returns all. */
    Tensor appendValues(Tensor new_BSGd) {
      values_BTGd = append(values_BTGd, new_BSGd);
      length += new_BSGd.size(1);
      return values_BTGd.narrow(1, 0, length);
    }

    private Tensor append(@Nullable Tensor memory, Tensor new_BSGd) {
      long needed = length + new_BSGd.size(1);
      Tensor large = memory;
      if (large == null || large.size(1) < needed) {
        ScalarType type = new_BSGd.scalar_type().intern();
        long capacity = Math.max(needed, 2 * length) + STEP;
        large =
            Scopes.unowned(
                Torch.empty(type, new_BSGd.size(0), capacity, new_BSGd.size(2), new_BSGd.size(3)));
        if (memory != null) {
          large.narrow(1, 0, length).copy_(memory.narrow(1, 0, length));
        }
      }
      large.narrow(1, length, new_BSGd.size(1)).copy_(new_BSGd);
      return large;
    }
  }
}
