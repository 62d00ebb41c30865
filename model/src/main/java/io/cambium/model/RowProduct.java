package io.cambium.model;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A matrix times one fp32 row, {@code out_C = weight_CD x_D}, where the matrix lies in a mapped
 * file. Reading it from memory takes nearly all of the time. So a bf16 matrix is read as it is, and
 * widened to fp32, which is exact, a tile at a time in the cache.
 *
 * <p>Widening is a plain loop over pairs of weights, the first half of a pair into one half of the
 * tile and the second into the other: that one the compiler turns into vector instructions, which
 * it does not with a shift of 16-bit numbers into their places. The row is taken apart in the same
 * way, and the halves' products add up.
 *
 * <p>C outputs, D inputs, R rows of a tile, P = D / 2 pairs of a row.
 */
final class RowProduct {

  /** Weights of a tile: 32 KB in fp32, within the innermost cache. */
  private static final int TILE = 1 << 13;

  /** Fewer rows would make the product slow where a row is long. */
  private static final int LEAST_ROWS = 4;

  private static final int ROW_MAJOR = 101;
  private static final int NOT_TRANSPOSED = 111;

  private static final ValueLayout.OfInt PAIR = ValueLayout.JAVA_INT_UNALIGNED;

  private static final @Nullable MethodHandle SGEMV = sgemv();

  private static final ThreadLocal<int[]> TILES = ThreadLocal.withInitial(() -> new int[TILE]);

  private final boolean pairs;
  private final int inputs;
  private final MemorySegment weight_CD;
  private final MemorySegment x_D;
  private final MemorySegment out_C;

  private RowProduct(boolean pairs, Tensor x, Tensor weight_CD, Tensor out) {
    this.pairs = pairs;
    this.inputs = Math.toIntExact(weight_CD.size(1));
    this.weight_CD = Torch.memory(weight_CD);
    this.x_D = pairs ? takenApart(Torch.memory(x)) : Torch.memory(x);
    this.out_C = Torch.memory(out);
  }

  /**
   * The product of these tensors, which must stay alive; null if there is no short way for them.
   *
   * @param x N = 1 row, whatever its shape
   * @param out likewise
   */
  static @Nullable RowProduct of(Tensor x, Tensor weight_CD, Tensor out) {
    ScalarType stored = weight_CD.scalar_type().intern();
    boolean pairs = stored == ScalarType.BFloat16 && weight_CD.size(1) % 2 == 0;
    boolean served =
        SGEMV != null
            && x.numel() == weight_CD.size(1)
            && out.numel() == weight_CD.size(0)
            && x.scalar_type().intern() == ScalarType.Float
            && (pairs || stored == ScalarType.Float)
            && weight_CD.is_contiguous()
            && x.is_contiguous()
            && out.is_contiguous();
    return served ? new RowProduct(pairs, x, weight_CD, out) : null;
  }

  private static @Nullable MethodHandle sgemv() {
    MemorySegment function = Blas.function("cblas_sgemv");
    if (function == null) {
      return null;
    }
    FunctionDescriptor signature =
        FunctionDescriptor.ofVoid(
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_FLOAT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_FLOAT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT);
    // Critical, since the tile is a Java array, and too short a call to hold up its collector.
    return Linker.nativeLinker().downcallHandle(function, signature, Linker.Option.critical(true));
  }

  /** The even elements, then the odd ones. */
  private static MemorySegment takenApart(MemorySegment x_D) {
    float[] x = x_D.toArray(ValueLayout.JAVA_FLOAT);
    float[] halves = new float[x.length];
    for (int p = 0; p < x.length / 2; p++) {
      halves[p] = x[2 * p];
      halves[p + x.length / 2] = x[2 * p + 1];
    }
    return MemorySegment.ofArray(halves);
  }

  /** Computes these outputs. Several threads may compute different ones at once. */
  void compute(long from, long count) {
    if (!pairs) {
      multiply(count, inputs, rows(from), x_D, 0, outputs(from));
      return;
    }
    int rows = Math.max(LEAST_ROWS, TILE / inputs);
    for (long row = from; row < from + count; row += rows) {
      tile(row, (int) Math.min(rows, from + count - row));
    }
  }

  private void tile(long row, int rows) {
    int pairsOfRow = inputs / 2;
    int firsts = rows * pairsOfRow;
    int[] tile = tile(2 * firsts);
    widen(rows(row), tile, firsts);
    MemorySegment tile_2RP = MemorySegment.ofArray(tile);
    long half = (long) Float.BYTES * pairsOfRow;
    multiply(rows, pairsOfRow, tile_2RP, x_D, 0, outputs(row));
    multiply(
        rows,
        pairsOfRow,
        tile_2RP.asSlice((long) Float.BYTES * firsts),
        x_D.asSlice(half),
        1,
        outputs(row));
  }

  private static int[] tile(int weights) {
    int[] tile = TILES.get();
    if (tile.length < weights) {
      tile = new int[weights];
      TILES.set(tile);
    }
    return tile;
  }

  /** Two loops, since a single one with two targets is not turned into vector instructions. */
  private static void widen(MemorySegment weights, int[] tile, int pairs) {
    for (int p = 0; p < pairs; p++) {
      tile[p] = weights.get(PAIR, (long) Integer.BYTES * p) << Short.SIZE;
    }
    for (int p = 0; p < pairs; p++) {
      tile[pairs + p] = weights.get(PAIR, (long) Integer.BYTES * p) & -1 << Short.SIZE;
    }
  }

  private MemorySegment rows(long from) {
    return weight_CD.asSlice(from * inputs * (pairs ? Short.BYTES : Float.BYTES));
  }

  private MemorySegment outputs(long from) {
    return out_C.asSlice(from * Float.BYTES);
  }

  /** {@code out = matrix x + keep * out}. */
  private static void multiply(
      long rows,
      int columns,
      MemorySegment matrix,
      MemorySegment x,
      float keep,
      MemorySegment out) {
    MethodHandle sgemv = Objects.requireNonNull(SGEMV);
    try {
      sgemv.invokeExact(
          ROW_MAJOR, NOT_TRANSPOSED, (int) rows, columns, 1f, matrix, columns, x, 1, keep, out, 1);
    } catch (Throwable e) {
      throw new IllegalStateException("a call into the BLAS failed", e);
    }
  }
}
