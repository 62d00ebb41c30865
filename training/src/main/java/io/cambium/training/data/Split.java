package io.cambium.training.data;

import java.util.Locale;

/** The two parts of a domain's documents. No document is in both. */
public enum Split {
  TRAIN,
  VALIDATION;

  /** The name of the split's folder in a corpus directory, and in a shard's metadata. */
  public String folder() {
    return name().toLowerCase(Locale.ROOT);
  }
}
