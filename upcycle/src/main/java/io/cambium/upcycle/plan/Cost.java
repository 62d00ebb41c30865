package io.cambium.upcycle.plan;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.WorkingMemory;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What carrying out a plan takes, at most.
 *
 * @param writingBytes of memory while writing and comparing bytes, beside the mapped sources, which
 *     the system can drop, and some 300 MB of the Java machine's own and its buffers
 * @param comparingBytes of memory while comparing logits, which runs one model after the other in
 *     fp32: weights of another type are converted a layer at a time, and those of the vocabulary's
 *     size in pieces
 * @param comparingTwiceBytes the same in fp64, where fp32 leaves it open whether a difference is
 *     rounding
 * @param seconds an estimate, at {@link #BYTES_PER_SECOND}, {@link #WEIGHTS_PER_SECOND} and {@link
 *     #DECOMPOSITION_RATE}
 */
public record Cost(long writingBytes, long comparingBytes, long comparingTwiceBytes, long seconds) {

  /** Tokens whose logits are compared. */
  public static final int COMPARED_TOKENS = 256;

  /** Results written and read back per second: 12.9 GB in 22 s, on two cores and one disk. */
  static final long BYTES_PER_SECOND = 600_000_000;

  /** Weights that are computed per second: copies with noise, on two cores. */
  static final long WEIGHTS_PER_SECOND = 300_000_000;

  /** Floating-point operations per second where matrices are decomposed. */
  static final double DECOMPOSITION_RATE = 4e9;

  /** Rows of the output matrix that are converted at once. */
  private static final long PIECE_ROWS = 1 << 14;

  /** Arrays of logits at once: those of two models, and what the engine still holds of one. */
  private static final long LOGIT_ARRAYS = 5;

  static Cost of(DecoderSpec target, List<Entry> weights, List<Entry> optimizer) {
    long logits = LOGIT_ARRAYS * COMPARED_TOKENS * target.vocabSize();
    long piece = Math.min(PIECE_ROWS, target.vocabSize()) * target.hiddenSize();
    long computed =
        Stream.concat(weights.stream(), optimizer.stream())
            .filter(entry -> !entry.formula().isCopied())
            .mapToLong(entry -> entry.target().elements())
            .sum();
    long bytes = Stream.concat(weights.stream(), optimizer.stream()).mapToLong(Entry::bytes).sum();
    return new Cost(
        Math.max(WorkingMemory.together(weights), WorkingMemory.together(optimizer)),
        (largestLayer(weights, DType.F32) + piece + logits) * Float.BYTES,
        (largestLayer(weights, DType.F64) + piece + logits) * Double.BYTES,
        1
            + bytes / BYTES_PER_SECOND
            + computed / WEIGHTS_PER_SECOND
            + (long) (decomposition(weights) / DECOMPOSITION_RATE));
  }

  /** Operations for the singular vectors of each matrix [n, m] that has to be decomposed. */
  private static double decomposition(List<Entry> weights) {
    return weights.stream()
        .flatMap(entry -> entry.formula().decomposed().stream())
        .distinct()
        .flatMap(matrix -> matrix.sources().stream())
        .mapToDouble(source -> {
          double rows = source.shape().getFirst();
          double columns = source.shape().getLast();
          double side = Math.min(rows, columns);
          return 2 * rows * columns * side + 10 * side * side * side;
        })
        .sum();
  }

  /** Elements of the layer with the most weights that are of another type on disk. */
  private static long largestLayer(List<Entry> weights, DType computed) {
    return weights.stream()
        .filter(entry -> entry.dtype() != computed && entry.target().layer() != ModelTensor.NONE)
        .collect(
            Collectors.groupingBy(
                entry -> entry.target().layer(),
                Collectors.summingLong(entry -> entry.target().elements())))
        .values()
        .stream()
        .mapToLong(Long::longValue)
        .max()
        .orElse(0);
  }
}
