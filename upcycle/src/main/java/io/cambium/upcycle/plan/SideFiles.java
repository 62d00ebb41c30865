package io.cambium.upcycle.plan;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CompanionFiles;
import io.cambium.checkpoint.Manifest;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What lies beside the weights in a checkpoint directory, but for the training state.
 *
 * @param copied files that go along as they are, by name
 * @param leftOut files and folders that do not
 */
public record SideFiles(List<String> copied, List<String> leftOut) {

  /** What lies beside a source's weights. */
  public static SideFiles of(SourceCheckpoint source) {
    Path directory = source.path();
    Set<String> known = new HashSet<>(source.weights().files().keySet());
    known.addAll(
        List.of(
            CheckpointDirectory.CONFIG,
            CheckpointDirectory.INDEX,
            Manifest.FILE_NAME,
            SourceCheckpoint.TRAINING));
    try (Stream<Path> entries = Files.list(directory)) {
      List<String> names =
          entries
              .map(entry -> entry.getFileName().toString())
              .filter(name -> !known.contains(name))
              .sorted()
              .toList();
      Predicate<String> goesAlong =
          name -> CompanionFiles.belongs(name) && Files.isRegularFile(directory.resolve(name));
      return new SideFiles(
          names.stream().filter(goesAlong).toList(),
          names.stream().filter(goesAlong.negate()).toList());
    } catch (IOException e) {
      throw new CheckpointException(directory, "cannot be read: " + e, null, e);
    }
  }

  /** What is left out, with the reason. */
  public Map<String, String> reasons() {
    Map<String, String> reasons = new TreeMap<>();
    leftOut.forEach(file -> reasons.put(file, "not known to belong to the model"));
    return reasons;
  }
}
