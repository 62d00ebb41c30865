package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/** What must hold of the files in the directory, beyond what opening them asks for. */
final class FileChecks {

  /** What llama.cpp's converter reads. */
  private static final String WEIGHT_FILES = "model*.safetensors";

  private FileChecks() {}

  /** There is one form of the weights. */
  static void holdOneForm(CheckpointParts checkpoint, Consumer<Fault> faults) {
    Path single = checkpoint.path().resolve(CheckpointDirectory.SINGLE_FILE);
    Path index = checkpoint.path().resolve(CheckpointDirectory.INDEX);
    if (Files.exists(single) && Files.exists(index)) {
      faults.accept(
          new Fault(
              FaultKind.SINGLE_FILE_AND_INDEX,
              checkpoint.path(),
              "holds " + single.getFileName() + " beside " + index.getFileName()));
    }
  }

  /** No file that belongs to no form looks like weights. */
  static void holdNoStaleFile(CheckpointParts checkpoint, Consumer<Fault> faults) {
    TreeSet<String> stale = weightFiles(checkpoint.path());
    stale.removeAll(checkpoint.weights().files().keySet());
    stale.remove(CheckpointDirectory.SINGLE_FILE);
    checkpoint.weights().index().ifPresent(index -> stale.removeAll(index.weightMap().values()));
    for (String name : stale) {
      faults.accept(
          new Fault(
              FaultKind.STALE_FILE,
              checkpoint.path().resolve(name),
              "is not one of the model's files, but named like one"));
    }
  }

  private static TreeSet<String> weightFiles(Path directory) {
    TreeSet<String> names = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, WEIGHT_FILES)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    } catch (IOException e) {
      throw CheckpointException.unreadable(directory, e);
    }
    return names;
  }

  /** The index says how many bytes the tensors are. */
  static void addUpToTotalSize(CheckpointParts checkpoint, Consumer<Fault> faults) {
    WeightIndex index = checkpoint.weights().index().orElse(null);
    if (index != null && index.totalSize().isPresent() && checkpoint.weights().isComplete()) {
      long bytes = checkpoint.tensorBytes();
      if (index.totalSize().getAsLong() != bytes) {
        faults.accept(
            new Fault(
                FaultKind.WRONG_TOTAL_SIZE,
                index.file(),
                "says total_size %d, the tensors are %d bytes"
                    .formatted(index.totalSize().getAsLong(), bytes)));
      }
    }
  }

  /** config.json names the class, which some engines go by. */
  static void nameAnArchitecture(CheckpointParts checkpoint, Consumer<Fault> faults) {
    checkpoint
        .model()
        .ifPresent(model -> {
          JsonNode named = model.config().json().path("architectures");
          String architecture = model.family().architecture();
          if (named.valueStream().noneMatch(node -> node.asString("").equals(architecture))) {
            faults.accept(
                new Fault(
                    FaultKind.NO_ARCHITECTURE,
                    model.config().file(),
                    "does not name " + architecture + " under \"architectures\""));
          }
        });
  }
}
