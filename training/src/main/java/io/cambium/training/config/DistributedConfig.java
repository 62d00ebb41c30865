package io.cambium.training.config;

/**
 * How the processes of a run share it. Results do not depend on it but for rounding, so that a run
 * may go on with another.
 *
 * @param expertParallelSize over how many processes each layer's routed experts are spread: each
 *     holds its part of them, with their gradients and moments. 1: every process holds all
 */
public record DistributedConfig(int expertParallelSize) {

  public static final DistributedConfig DEFAULT = new DistributedConfig(1);

  public DistributedConfig {
    Range.atLeastOne("distributed.expert_parallel_size", expertParallelSize);
  }
}
