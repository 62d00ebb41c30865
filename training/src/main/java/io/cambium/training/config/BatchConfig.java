package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;

/**
 * One optimizer step's share of the data.
 *
 * @param sequences sequences per step, over all workers; more make the gradient steadier and the
 *     step dearer
 * @param length tokens per sequence, at most the model's max_position_embeddings
 * @param microBatch sequences a worker computes at a time; sets the memory a step needs, and the
 *     order in which its gradient is summed
 * @param separateDocuments whether a token sees those of its own document only, where several share
 *     a sequence; then attention is slower
 * @param recompute whether attention and dense layers are computed again on the way back instead of
 *     being kept: less memory, more time, the same gradients
 */
public record BatchConfig(
    int sequences, int length, int microBatch, boolean separateDocuments, boolean recompute) {

  public static final BatchConfig DEFAULT = new BatchConfig(16, 256, 8, false, false);

  /** Running text: tokens see all that stands before them. */
  public BatchConfig(int sequences, int length, int microBatch) {
    this(sequences, length, microBatch, false, false);
  }

  public BatchConfig {
    Range.atLeastOne("batch.sequences", sequences);
    Range.atLeastOne("batch.length", length);
    Range.atLeastOne("batch.micro_batch", microBatch);
    if (microBatch > sequences) {
      throw new UsageException(
          "batch.micro_batch",
          "is " + microBatch + ", but a step has only " + sequences + " sequences",
          "lower it, or raise batch.sequences");
    }
  }

  /** Tokens a step learns from. */
  public long tokens() {
    return (long) sequences * length;
  }

  /**
   * Refuses sequences that are longer than a model has positions.
   *
   * @param maxPositions the model's max_position_embeddings
   * @throws UsageException if they are
   */
  public void requireFits(int maxPositions) {
    if (length > maxPositions) {
      throw new UsageException(
          "batch.length",
          "is " + length + ", but the model has " + maxPositions + " positions",
          "lower it to " + maxPositions + " or less");
    }
  }
}
