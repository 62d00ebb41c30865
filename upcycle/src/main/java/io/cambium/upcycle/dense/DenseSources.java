package io.cambium.upcycle.dense;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * The dense models that experts come from (Branch-Train-MiX, arXiv 2403.07816): copy i of a block
 * from model i, round and round.
 *
 * @param models where they come from
 * @param base the one that all other weights come from; empty for the mean of all
 */
public record DenseSources(List<CheckpointSource> models, OptionalInt base) {

  public DenseSources {
    models = List.copyOf(models);
    if (models.isEmpty()) {
      throw new IllegalArgumentException("no source");
    }
    if (models.stream().map(CheckpointSource::path).distinct().count() < models.size()) {
      throw DenseOptions.invalid("source", "names one model twice", "name each once");
    }
    if (base.isPresent() && (base.getAsInt() < 0 || base.getAsInt() >= models.size())) {
      throw new UsageException(
          "option base",
          base.getAsInt() + " is none of " + models.size() + " sources",
          "count them from 0");
    }
  }

  /** One model on this machine. */
  public static DenseSources of(Path path) {
    return new DenseSources(List.of(CheckpointSource.of(path)), OptionalInt.empty());
  }
}
