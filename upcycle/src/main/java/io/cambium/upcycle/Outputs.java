package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.Checksum;

/** The files with tensors that a conversion writes: weights, and the optimizer's state. */
final class Outputs implements AutoCloseable {

  private final CheckpointWriter weights;
  private final Optional<SafetensorsWriter> optimizer;
  private final Set<String> optimizerTensors;
  private boolean finished;

  private Outputs(
      CheckpointWriter weights,
      Optional<SafetensorsWriter> optimizer,
      Set<String> optimizerTensors) {
    this.weights = weights;
    this.optimizer = optimizer;
    this.optimizerTensors = optimizerTensors;
  }

  /**
   * Goes on with the files of a directory, or begins them.
   *
   * @param optimizer of the source
   */
  static Outputs open(UpcyclePlan plan, Path directory, Optional<SafetensorsFile> optimizer) {
    CheckpointWriter weights =
        CheckpointWriter.resume(
            directory,
            plan.config(),
            Entry.onDisk(plan.weights()),
            CheckpointWriter.DEFAULT_SHARD_BYTES);
    if (plan.optimizer().isEmpty()) {
      return new Outputs(weights, Optional.empty(), Set.of());
    }
    SafetensorsWriter state =
        SafetensorsWriter.resume(
            SideFile.in(directory, SourceCheckpoint.OPTIMIZER),
            Entry.onDisk(plan.optimizer()),
            optimizer.orElseThrow().metadata());
    return new Outputs(
        weights,
        Optional.of(state),
        plan.optimizer().stream()
            .map(entry -> entry.target().name())
            .collect(Collectors.toUnmodifiableSet()));
  }

  /** Writes a piece of a tensor of either. */
  void write(String tensor, long offset, MemorySegment data, Checksum checksum) {
    if (optimizerTensors.contains(tensor)) {
      optimizer.orElseThrow().write(tensor, offset, data, checksum);
    } else {
      weights.write(tensor, offset, data, checksum);
    }
  }

  /** Counts what an earlier process wrote. */
  void alreadyWritten(Journal.Done unit) {
    for (Journal.Written written : unit.written()) {
      if (optimizerTensors.contains(written.tensor())) {
        optimizer.orElseThrow().alreadyWritten(written.tensor(), written.bytes());
      } else {
        weights.alreadyWritten(written.tensor(), written.bytes());
      }
    }
  }

  boolean isDirect() {
    return weights.isDirect();
  }

  /** Flushes what was written to the disk. */
  void flush() {
    weights.force();
    optimizer.ifPresent(SafetensorsWriter::force);
  }

  /** Gives the files their names. */
  void finish() {
    optimizer.ifPresent(SafetensorsWriter::close);
    weights.finishWeights();
    finished = true;
  }

  /** Leaves unfinished files to be gone on with. */
  @Override
  public void close() {
    if (!finished) {
      optimizer.ifPresent(SafetensorsWriter::suspend);
      weights.suspend();
    }
  }
}
