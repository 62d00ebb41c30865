package io.cambium.upcycle.dense;

import io.cambium.checkpoint.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * The dense models that experts come from (Branch-Train-MiX, arXiv 2403.07816): copy i of a block
 * from model i, round and round.
 *
 * @param paths checkpoint directories
 * @param base the one that all other weights come from; empty for the mean of all
 */
public record DenseSources(List<Path> paths, OptionalInt base) {

  public DenseSources {
    paths = List.copyOf(paths);
    if (paths.isEmpty()) {
      throw new IllegalArgumentException("no source");
    }
    if (paths.stream().distinct().count() < paths.size()) {
      throw DenseOptions.invalid("source", "names one model twice", "name each once");
    }
    if (base.isPresent() && (base.getAsInt() < 0 || base.getAsInt() >= paths.size())) {
      throw new UsageException(
          "option base",
          base.getAsInt() + " is none of " + paths.size() + " sources",
          "count them from 0");
    }
  }

  /** One model. */
  public static DenseSources of(Path path) {
    return new DenseSources(List.of(path), OptionalInt.empty());
  }
}
