package io.cambium.training.config;

/**
 * How the processes of a run share it. Results do not depend on it but for rounding, so that a run
 * may go on with another.
 *
 * @param expertParallelSize over how many processes each layer's routed experts are spread: each
 *     holds its part of them, with their gradients and moments. 1: every process holds all
 * @param timeoutMinutes how long processes wait for one that does not come to an exchange, such as
 *     one that still writes a checkpoint, before it is taken for lost; as long as in PyTorch by
 *     default
 */
public record DistributedConfig(int expertParallelSize, double timeoutMinutes) {

  public static final DistributedConfig DEFAULT = new DistributedConfig(1, 30);

  public DistributedConfig {
    Range.atLeastOne("distributed.expert_parallel_size", expertParallelSize);
    Range.positive("distributed.timeout_minutes", timeoutMinutes);
  }
}
