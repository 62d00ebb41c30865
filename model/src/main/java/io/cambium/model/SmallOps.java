package io.cambium.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What happens to one token between its matrix products, as plain loops: a few hundred numbers,
 * where the five to ten calls into libtorch for the same cost more than the work itself. Only where
 * a {@link Crew} multiplies, which is outside autograd.
 */
final class SmallOps {

  /** Numbers above which the calls no longer cost more than the work: the tokens of a prompt. */
  private static final long SMALL = 1 << 14;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private SmallOps() {}

  /** Whether this tensor is for the loops of this class. */
  static boolean serve(Tensor x) {
    return Crew.HERE.isBound()
        && x.numel() <= SMALL
        && x.is_contiguous()
        && x.scalar_type().intern() == ScalarType.Float;
  }

  /** Root-mean-square normalisation over the last axis, times {@code weight_D + shift}. */
  static Tensor rmsNorm(Tensor x, Tensor weight_D, double eps, float shift) {
    Tensor out = torch.empty_like(x);
    MemorySegment from = Torch.memory(x);
    MemorySegment to = Torch.memory(out);
    MemorySegment weight = Torch.memory(weight_D);
    long row = weight.byteSize();
    for (long at = 0; at < from.byteSize(); at += row) {
      normalise(from.asSlice(at, row), weight, to.asSlice(at, row), eps, shift);
    }
    return out;
  }

  private static void normalise(
      MemorySegment x_D, MemorySegment weight_D, MemorySegment out_D, double eps, float shift) {
    double squares = 0;
    for (long d = 0; d < x_D.byteSize(); d += Float.BYTES) {
      double x = x_D.get(FLOAT, d);
      squares += x * x;
    }
    long size = x_D.byteSize() / Float.BYTES;
    float scale = (float) (1 / Math.sqrt(squares / size + eps));
    for (long d = 0; d < x_D.byteSize(); d += Float.BYTES) {
      out_D.set(FLOAT, d, x_D.get(FLOAT, d) * scale * (weight_D.get(FLOAT, d) + shift));
    }
  }

  /**
   * {@code x * cos + partner(x) * sin}, the signs in the sines.
   *
   * @param x_BSHR sequences of S tokens
   * @param cos_SR of the same tokens, contiguous, as the sines
   */
  static Tensor rotate(Tensor x_BSHR, Tensor cos_SR, Tensor sin_SR, boolean interleaved) {
    Tensor out = torch.empty_like(x_BSHR);
    MemorySegment from = Torch.memory(x_BSHR);
    MemorySegment to = Torch.memory(out);
    MemorySegment cos = Torch.memory(cos_SR);
    MemorySegment sin = Torch.memory(sin_SR);
    long tokens = cos_SR.size(0);
    int rotated = (int) cos_SR.size(1);
    int perToken = (int) x_BSHR.size(2) * rotated;
    long numbers = x_BSHR.numel();
    for (long i = 0; i < numbers; i += rotated) {
      long row = i / perToken % tokens * rotated;
      for (int r = 0; r < rotated; r++) {
        int partner = interleaved ? r ^ 1 : (r + rotated / 2) % rotated;
        float turned =
            from.getAtIndex(FLOAT, i + r) * cos.getAtIndex(FLOAT, row + r)
                + from.getAtIndex(FLOAT, i + partner) * sin.getAtIndex(FLOAT, row + r);
        to.setAtIndex(FLOAT, i + r, turned);
      }
    }
    return out;
  }
}
