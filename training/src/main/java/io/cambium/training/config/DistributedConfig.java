package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import java.time.Duration;

/**
 * How the processes of a run share it. Results do not depend on it but for rounding, so that a run
 * may go on with another.
 *
 * @param expertParallelSize over how many processes each layer's routed experts are spread: each
 *     holds its part of them, with their gradients and moments. 1: every process holds all
 * @param timeoutMinutes how long processes wait for one that does not come to an exchange, such as
 *     one that still writes a checkpoint, before it is taken for lost; by default as long as
 *     PyTorch does with Gloo
 */
public record DistributedConfig(int expertParallelSize, double timeoutMinutes) {

  /** Processes tell each other once a second what they are at. */
  private static final double SHORTEST = 0.05;

  public static final DistributedConfig DEFAULT = new DistributedConfig(1, 30);

  public DistributedConfig {
    Range.atLeastOne("distributed.expert_parallel_size", expertParallelSize);
    Range.positive("distributed.timeout_minutes", timeoutMinutes);
    if (timeoutMinutes < SHORTEST) {
      throw new UsageException(
          "distributed.timeout_minutes",
          "is " + timeoutMinutes + ", a few seconds, which a step may take",
          "write " + SHORTEST + " or more");
    }
  }

  /** How long processes wait for one that does not come to an exchange. */
  public Duration timeout() {
    return Duration.ofMillis(Math.round(timeoutMinutes * 60_000));
  }
}
