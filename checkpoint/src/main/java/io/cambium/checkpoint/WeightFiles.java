package io.cambium.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The safetensors files of a checkpoint directory: one, or the shards that an index names. */
final class WeightFiles implements AutoCloseable {

  private final CheckpointSource source;
  private final Consumer<Fault> faults;
  private final SortedMap<String, SafetensorsFile> files = new TreeMap<>();
  private final Map<String, SafetensorsFile> fileOf = new HashMap<>();
  private @Nullable WeightIndex index;

  private WeightFiles(CheckpointSource source, Consumer<Fault> faults) {
    this.source = source;
    this.faults = faults;
  }

  /**
   * Opens the files by their headers, as far as that goes.
   *
   * @param faults hears of every file that is missing or malformed, and of every tensor that the
   *     index and the shards do not agree on; what it throws ends the opening
   */
  static WeightFiles open(CheckpointSource source, Consumer<Fault> faults) {
    WeightFiles weights = new WeightFiles(source, faults);
    try {
      weights.openAll();
      return weights;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private void openAll() {
    Path directory = source.directory();
    Path indexFile = directory.resolve(CheckpointDirectory.INDEX);
    // transformers prefers the single file where both are present, and so must we.
    if (source.singleFile().isPresent()) {
      open(source.singleFile().get(), directory);
    } else if (Files.exists(indexFile)) {
      openShards(WeightIndex.read(indexFile, faults));
    } else {
      report(
          FaultKind.NO_WEIGHTS,
          directory,
          "holds neither " + CheckpointDirectory.SINGLE_FILE + " nor " + CheckpointDirectory.INDEX);
    }
  }

  private void openShards(WeightIndex shards) {
    index = shards;
    for (String name : shards.shards()) {
      open(name, shards.file());
    }
    shards.weightMap().forEach((tensor, name) -> requireIn(name, tensor, shards.file()));
    TreeSet<String> unmapped = new TreeSet<>(fileOf.keySet());
    unmapped.removeAll(shards.weightMap().keySet());
    for (String tensor : unmapped) {
      report(
          FaultKind.UNMAPPED_TENSOR,
          shards.file(),
          "does not map \"" + tensor + "\", which a shard holds");
    }
  }

  private void requireIn(String name, String tensor, Path indexFile) {
    SafetensorsFile named = files.get(name);
    if (named == null || named.tensors().containsKey(tensor)) {
      return; // or a fault of the file's
    }
    SafetensorsFile actual = fileOf.get(tensor);
    report(
        actual == null ? FaultKind.PHANTOM_TENSOR : FaultKind.WRONG_FILE,
        indexFile,
        "maps \""
            + tensor
            + "\" to "
            + name
            + ", which does not hold it"
            + (actual == null ? "" : "; " + actual.path().getFileName() + " does"));
  }

  /** A file may be a link, as in the Hugging Face cache. */
  private void open(String name, Path namedBy) {
    SafetensorsFile file;
    try {
      file = source.open(name);
    } catch (CheckpointException e) {
      boolean present = Files.exists(source.directory().resolve(name));
      faults.accept(Fault.of(present ? FaultKind.MALFORMED_FILE : FaultKind.MISSING_FILE, e));
      return;
    }
    add(name, file, namedBy);
  }

  private void add(String name, SafetensorsFile file, Path namedBy) {
    files.put(name, file);
    for (String tensor : file.tensors().keySet()) {
      SafetensorsFile other = fileOf.put(tensor, file);
      if (other != null) {
        report(
            FaultKind.TENSOR_IN_TWO_FILES,
            namedBy,
            "names two files that hold \""
                + tensor
                + "\": "
                + other.path()
                + " and "
                + file.path());
      }
    }
  }

  private void report(FaultKind kind, Path place, String what) {
    faults.accept(new Fault(kind, place, what));
  }

  /** The files by name, those that could be opened. */
  SortedMap<String, SafetensorsFile> files() {
    return Collections.unmodifiableSortedMap(files);
  }

  /** The index, where the weights are sharded. */
  Optional<WeightIndex> index() {
    return Optional.ofNullable(index);
  }

  /** Whether every file that there should be could be opened. */
  boolean isComplete() {
    return index == null
        ? !files.isEmpty()
        : files.keySet().containsAll(index.weightMap().values());
  }

  /** Whether the index says that a file holds the tensor which could not be opened. */
  boolean isInUnopenedFile(String tensor) {
    return index != null
        && index.weightMap().containsKey(tensor)
        && !files.containsKey(index.weightMap().get(tensor));
  }

  /** Names of all tensors. */
  TreeSet<String> tensors() {
    return new TreeSet<>(fileOf.keySet());
  }

  /** The file that holds a tensor, where one does. */
  @Nullable SafetensorsFile fileOf(String tensor) {
    return fileOf.get(tensor);
  }

  @Override
  public void close() {
    Closing.all(files.values().stream().map(file -> file::close));
  }
}
