package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.upcycle.UpcyclePlan.Entry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

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

  /** Takes a piece of a named tensor. */
  private interface Writer {
    void write(String tensor, long offset, MemorySegment data);
  }

  static void execute(UpcyclePlan plan, Sources sources, Path directory, Progress progress) {
    Executor executor = new Executor(plan, sources, directory, progress);
    plan.copiedFiles().forEach(executor::copy);
    executor.writeOptimizer();
    executor.writeWeights();
  }

  private void writeWeights() {
    Manifest manifest = sources.checkpoint().weights().manifest();
    List<TensorSpec> specs = plan.weights().stream().map(Entry::tensor).toList();
    try (CheckpointWriter writer =
        CheckpointWriter.create(
            directory, plan.config(), specs, CheckpointWriter.DEFAULT_SHARD_BYTES)) {
      writeAll(plan.weights(), writer::write);
      writer.finish(manifest.withGrowth(plan.growth(), plan.selection()));
    }
  }

  private void writeOptimizer() {
    if (plan.optimizer().isEmpty()) {
      return;
    }
    List<TensorSpec> specs = plan.optimizer().stream().map(Entry::tensor).toList();
    SafetensorsFile source = sources.checkpoint().optimizer().orElseThrow();
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(inDirectory(SideFiles.OPTIMIZER), specs, source.metadata())) {
      writeAll(plan.optimizer(), writer::write);
      writer.requireComplete();
    }
  }

  private void writeAll(List<Entry> entries, Writer writer) {
    Evaluator evaluator = new Evaluator(sources);
    for (Entry entry : entries) {
      TensorSpec tensor = entry.tensor();
      evaluator.evaluate(
          entry.formula(), tensor, (offset, data) -> writer.write(tensor.name(), offset, data));
      doneBytes += tensor.bytes();
      progress.update("writing", doneBytes, totalBytes);
    }
  }

  private void copy(String file) {
    Path target = inDirectory(file);
    try {
      Files.copy(sources.checkpoint().weights().path().resolve(file), target);
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
