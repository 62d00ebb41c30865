package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.LedgerWriter;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Writes what a plan says into a staged directory, tensor by tensor. */
final class Executor {

  private final UpcyclePlan plan;
  private final Sources sources;
  private final Path directory;
  private final Progress progress;
  private final long totalBytes;
  private long doneBytes;

  private Executor(UpcyclePlan plan, Sources sources, Path directory, Progress progress) {
    this.plan = plan;
    this.sources = sources;
    this.directory = directory;
    this.progress = progress;
    this.totalBytes = plan.figures().target().bytes() + plan.figures().optimizerBytes();
  }

  /** Writes everything, and returns the manifest as it was written, but for the checksums. */
  static Manifest execute(UpcyclePlan plan, Sources sources, Path directory, Progress progress) {
    Executor executor = new Executor(plan, sources, directory, progress);
    plan.copiedFiles().forEach(executor::copy);
    executor.writeOptimizer();
    return executor.writeWeights();
  }

  private Manifest writeWeights() {
    Optional<CopyDistances> distances = CopyDistances.of(plan, sources);
    LedgerWriter.Listener listener =
        distances.<LedgerWriter.Listener>map(d -> d).orElse(LedgerWriter.Listener.NONE);
    try (CheckpointWriter writer =
        CheckpointWriter.create(
            directory,
            plan.config(),
            Entry.onDisk(plan.weights()),
            CheckpointWriter.DEFAULT_SHARD_BYTES)) {
      writeAll(plan.weights(), writer::write, listener);
      Manifest manifest =
          distances.map(d -> plan.manifest().withRealised(d.realised())).orElse(plan.manifest());
      writer.finish(manifest);
      return manifest;
    }
  }

  private void writeOptimizer() {
    if (plan.optimizer().isEmpty()) {
      return;
    }
    SafetensorsFile source = sources.checkpoints().getFirst().optimizer().orElseThrow();
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(
            inDirectory(SourceCheckpoint.OPTIMIZER),
            Entry.onDisk(plan.optimizer()),
            source.metadata())) {
      writeAll(plan.optimizer(), writer::write, LedgerWriter.Listener.NONE);
      writer.requireComplete();
    }
  }

  private void writeAll(
      List<Entry> entries, LedgerWriter.Output output, LedgerWriter.Listener listener) {
    new LedgerWriter(sources, output, listener)
        .write(
            entries,
            bytes -> {
              doneBytes += bytes;
              progress.update("writing", doneBytes, totalBytes);
            });
  }

  private void copy(String file) {
    Path target = inDirectory(file);
    try {
      Files.copy(sources.checkpoints().getFirst().path().resolve(file), target);
    } catch (IOException e) {
      throw new CheckpointException(
          target, "cannot be written: " + e, "check free space and permissions", e);
    }
  }

  private Path inDirectory(String file) {
    return createParent(directory.resolve(file));
  }

  /** Creates the folder that a file goes into. */
  static Path createParent(Path file) {
    try {
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      return file;
    } catch (IOException e) {
      throw new CheckpointException(
          file, "cannot be written: " + e, "check free space and permissions", e);
    }
  }
}
