package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Rope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Rotary position embedding (arXiv 2104.09864). B batch, H heads, S positions, R rotated
 * dimensions, d head dimension.
 */
final class Rotary {

  private final Rope rope;
  private final Tensor cos_SR;
  private final Tensor sin_SR;

  private Rotary(Rope rope, Tensor cos_SR, Tensor sin_SR) {
    this.rope = rope;
    this.cos_SR = cos_SR;
    this.sin_SR = sin_SR;
  }

  /**
   * Angles of positions 0 to length - 1, in fp32 as transformers computes them.
   *
   * @param inLong whether for sequences that are long by the rope's scaling
   */
  static Rotary of(Rope rope, boolean inLong, int length, ScalarType type) {
    int rotated = rope.rotaryDim();
    RopeFrequencies frequencies = RopeFrequencies.of(rope, inLong);
    float[] cos = new float[length * rotated];
    float[] sin = new float[length * rotated];
    for (int i = 0; i < rotated / 2; i++) {
      int first = rope.interleaved() ? 2 * i : i;
      int second = rope.interleaved() ? 2 * i + 1 : i + rotated / 2;
      for (int s = 0; s < length; s++) {
        float angle = s * frequencies.perPosition()[i];
        int row = s * rotated;
        cos[row + first] = cos[row + second] = (float) Math.cos(angle) * frequencies.magnitude();
        sin[row + second] = (float) Math.sin(angle) * frequencies.magnitude();
        sin[row + first] = -sin[row + second];
      }
    }
    return new Rotary(
        rope,
        Scopes.unowned(Torch.tensor(cos, length, rotated).to(type)),
        Scopes.unowned(Torch.tensor(sin, length, rotated).to(type)));
  }

  /** The longest sequence it has angles for. */
  long length() {
    return cos_SR.size(0);
  }

  /**
   * Rotates the first dimensions of x [B, S, H, d].
   *
   * @param start position of the first of the S tokens; start + S is at most {@link #length()}
   */
  Tensor apply(Tensor x_BSHd, long start) {
    long rest = x_BSHd.size(3) - rope.rotaryDim();
    if (rest == 0) {
      return rotate(x_BSHd, start);
    }
    TensorVector parts = torch.split_with_sizes(x_BSHd, new long[] {rope.rotaryDim(), rest}, -1);
    return torch.cat(new TensorVector(rotate(parts.get(0), start), parts.get(1)), -1);
  }

  private Tensor rotate(Tensor x_BSHR, long start) {
    if (SmallOps.serve(x_BSHR)) {
      long tokens = x_BSHR.size(1);
      return SmallOps.rotate(
          x_BSHR,
          cos_SR.narrow(0, start, tokens),
          sin_SR.narrow(0, start, tokens),
          rope.interleaved());
    }
    return x_BSHR
        .mul(perHead(cos_SR, x_BSHR, start))
        .addcmul(partners(x_BSHR), perHead(sin_SR, x_BSHR, start), Torch.scalar(1));
  }

  /** The other dimension of each pair. */
  private Tensor partners(Tensor x_BSHR) {
    return rope.interleaved()
        ? x_BSHR.unflatten(-1, -1, 2).flip(-1).flatten(-2, -1)
        : x_BSHR.roll(new long[] {rope.rotaryDim() / 2}, -1);
  }

  /**
   * [S, R] of the table as [S, H, R]: a small copy, but then the product with x runs through memory
   * in one go instead of R elements at a time.
   */
  private static Tensor perHead(Tensor table_SR, Tensor x_BSHR, long start) {
    Tensor rows_SR = table_SR.narrow(0, start, x_BSHR.size(1));
    return rows_SR.unsqueeze(1).expand(-1, x_BSHR.size(2), -1).contiguous();
  }
}
