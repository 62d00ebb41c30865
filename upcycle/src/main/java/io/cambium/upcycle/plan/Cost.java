package io.cambium.upcycle.plan;

import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.WorkingMemory;
import java.util.List;
import java.util.stream.Stream;

/**
 * What carrying out a plan takes, at most.
 *
 * @param writingBytes of memory while writing and comparing bytes, beside the mapped sources, which
 *     the system can drop, and some 100 MB of the Java machine's own
 * @param comparingBytes of memory while comparing logits, which runs one model after the other in
 *     fp32; of it, weights that are fp32 on disk are mapped
 * @param seconds an estimate, at {@link #BYTES_PER_SECOND} and {@link #WEIGHTS_PER_SECOND}
 */
public record Cost(long writingBytes, long comparingBytes, long seconds) {

  /** Tokens whose logits are compared. */
  public static final int COMPARED_TOKENS = 256;

  /** Results written, checked and compared per second. */
  static final long BYTES_PER_SECOND = 100_000_000;

  /** Weights that are computed per second. */
  static final long WEIGHTS_PER_SECOND = 20_000_000;

  /** Arrays of logits at once: those of two models, and what the engine still holds of one. */
  private static final long LOGIT_ARRAYS = 5;

  static Cost of(ModelSize target, int vocabSize, List<Entry> weights, List<Entry> optimizer) {
    long logits = LOGIT_ARRAYS * COMPARED_TOKENS * vocabSize;
    long computed =
        Stream.concat(weights.stream(), optimizer.stream())
            .filter(entry -> !entry.formula().isCopied())
            .mapToLong(entry -> entry.target().elements())
            .sum();
    long bytes = Stream.concat(weights.stream(), optimizer.stream()).mapToLong(Entry::bytes).sum();
    return new Cost(
        Math.max(WorkingMemory.bytes(weights), WorkingMemory.bytes(optimizer)),
        (target.parameters() + logits) * Float.BYTES,
        1 + bytes / BYTES_PER_SECOND + computed / WEIGHTS_PER_SECOND);
  }
}
