package io.cambium.upcycle;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/**
 * A tensor that a formula reads.
 *
 * @param origin the file or files it is in
 */
public record SourceTensor(Origin origin, String name) {

  /** Where source tensors come from. */
  public enum Origin {
    /** The source checkpoint's weights. */
    WEIGHTS,
    /** The source checkpoint's {@code training/optimizer.safetensors}. */
    OPTIMIZER,
    /** The directions of the router rows, computed before anything else is written. */
    DIRECTIONS
  }

  /** Such as {@code weights:lm_head.weight}. */
  @Override
  @JsonValue
  public String toString() {
    return origin.name().toLowerCase(Locale.ROOT) + ":" + name;
  }
}
