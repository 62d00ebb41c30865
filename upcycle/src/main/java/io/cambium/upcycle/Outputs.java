package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.OptimizerFiles;
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
  static Outputs open(UpcyclePlan plan, Path directory, Optional<OptimizerFiles> optimizer) {
    CheckpointWriter weights =
        CheckpointWriter.resume(
            directory,
            plan.config(),
            Entry.onDisk(plan.weights()),
            CheckpointWriter.DEFAULT_SHARD_BYTES);
    if (plan.optimizer().isEmpty()) {
      return new Outputs(weights, Optional.empty(), Set.of());
    }
    try {
      return new Outputs(
          weights,
          Optional.of(openOptimizer(plan, directory, optimizer.orElseThrow())),
          plan.optimizer().stream()
              .map(entry -> entry.target().name())
              .collect(Collectors.toUnmodifiableSet()));
    } catch (RuntimeException e) {
      weights.suspend();
      throw e;
    }
  }

  private static SafetensorsWriter openOptimizer(
      UpcyclePlan plan, Path directory, OptimizerFiles source) {
    return SafetensorsWriter.resume(
        SideFile.in(directory, SourceCheckpoint.OPTIMIZER),
        Entry.onDisk(plan.optimizer()),
        source.files().getFirst().metadata());
  }

  /** The file of either kind that a tensor is in. */
  private SafetensorsWriter file(String tensor) {
    return optimizerTensors.contains(tensor) ? optimizer.orElseThrow() : weights.shard(tensor);
  }

  /** Where a byte of a tensor lies in its file. */
  long position(String tensor, long offset) {
    return file(tensor).position(tensor, offset);
  }

  /** Writes a piece of a tensor. */
  void write(String tensor, long offset, MemorySegment data, Checksum checksum) {
    file(tensor).write(tensor, offset, data, checksum);
  }

  /**
   * Whether the files still have what an earlier process wrote.
   *
   * @param compare whether to read it, too, and not to look only at how long they are
   */
  boolean hold(Journal.Done unit, boolean compare) {
    return unit.written().stream().allMatch(piece -> hold(piece, compare));
  }

  private boolean hold(Journal.Written piece, boolean compare) {
    SafetensorsWriter file = file(piece.tensor());
    return file.held(piece.tensor(), piece.offset(), piece.bytes())
        && (!compare
            || file.crc32c(piece.tensor(), piece.offset(), piece.bytes()) == piece.crc32c());
  }

  /** Counts what an earlier process wrote. */
  void alreadyWritten(Journal.Done unit) {
    unit.written()
        .forEach(piece -> file(piece.tensor()).alreadyWritten(piece.tensor(), piece.bytes()));
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
