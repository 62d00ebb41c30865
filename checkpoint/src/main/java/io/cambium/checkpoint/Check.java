package io.cambium.checkpoint;

import java.util.function.Consumer;

/** One thing that must hold of a checkpoint directory. */
public interface Check {

  /**
   * Looks for faults.
   *
   * @param faults hears of them
   */
  void run(CheckpointParts checkpoint, Consumer<Fault> faults);
}
