package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Rope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Rotary position embedding (arXiv 2104.09864), the two halves of the rotated dimensions paired. B
 * batch, H heads, S positions, R rotated dimensions, d head dimension.
 */
final class Rotary {

  private final int rotaryDim;
  private final Tensor cos_SR;
  private final Tensor sin_SR;

  private Rotary(int rotaryDim, Tensor cos_SR, Tensor sin_SR) {
    this.rotaryDim = rotaryDim;
    this.cos_SR = cos_SR;
    this.sin_SR = sin_SR;
  }

  /** Angles of positions 0 to length - 1, in fp32 as transformers computes them. */
  static Rotary of(Rope rope, int length, ScalarType type) {
    int rotated = rope.rotaryDim();
    int half = rotated / 2;
    float[] cos = new float[length * rotated];
    float[] sin = new float[length * rotated];
    for (int i = 0; i < half; i++) {
      float frequency = (float) (1.0 / Math.pow(rope.theta(), 2.0 * i / rotated));
      for (int s = 0; s < length; s++) {
        float angle = s * frequency;
        int first = s * rotated + i;
        cos[first] = cos[first + half] = (float) Math.cos(angle);
        sin[first + half] = (float) Math.sin(angle);
        sin[first] = -sin[first + half];
      }
    }
    return new Rotary(
        rotated,
        Scopes.unowned(Torch.tensor(cos, length, rotated).to(type)),
        Scopes.unowned(Torch.tensor(sin, length, rotated).to(type)));
  }

  /** The longest sequence it has angles for. */
  long length() {
    return cos_SR.size(0);
  }

  /** Rotates the first dimensions of x [B, S, H, d], S at most {@link #length()}. */
  Tensor apply(Tensor x_BSHd) {
    long rest = x_BSHd.size(3) - rotaryDim;
    if (rest == 0) {
      return rotate(x_BSHd);
    }
    TensorVector parts = torch.split_with_sizes(x_BSHd, new long[] {rotaryDim, rest}, -1);
    return torch.cat(new TensorVector(rotate(parts.get(0)), parts.get(1)), -1);
  }

  private Tensor rotate(Tensor x_BSHR) {
    Tensor swapped_BSHR = x_BSHR.roll(new long[] {rotaryDim / 2}, -1);
    return x_BSHR
        .mul(perHead(cos_SR, x_BSHR))
        .addcmul(swapped_BSHR, perHead(sin_SR, x_BSHR), Torch.scalar(1));
  }

  /**
   * [S, R] of the table as [S, H, R]: a small copy, but then the product with x runs through memory
   * in one go instead of R elements at a time.
   */
  private static Tensor perHead(Tensor table_SR, Tensor x_BSHR) {
    return table_SR
        .narrow(0, 0, x_BSHR.size(1))
        .unsqueeze(1)
        .expand(-1, x_BSHR.size(2), -1)
        .contiguous();
  }
}
