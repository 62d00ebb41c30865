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
  private final Tensor cos_SR2;
  private final Tensor sin_SR2;

  private Rotary(int rotaryDim, Tensor cos_SR2, Tensor sin_SR2) {
    this.rotaryDim = rotaryDim;
    this.cos_SR2 = cos_SR2;
    this.sin_SR2 = sin_SR2;
  }

  /** Angles of positions 0 to length - 1, in fp32 as transformers computes them. */
  static Rotary of(Rope rope, int length, ScalarType type) {
    int half = rope.rotaryDim() / 2;
    float[] cos = new float[length * half];
    float[] sin = new float[length * half];
    for (int i = 0; i < half; i++) {
      float frequency = (float) (1.0 / Math.pow(rope.theta(), 2.0 * i / rope.rotaryDim()));
      for (int s = 0; s < length; s++) {
        float angle = s * frequency;
        cos[s * half + i] = (float) Math.cos(angle);
        sin[s * half + i] = (float) Math.sin(angle);
      }
    }
    return new Rotary(
        rope.rotaryDim(),
        Scopes.unowned(Torch.tensor(cos, length, half).to(type)),
        Scopes.unowned(Torch.tensor(sin, length, half).to(type)));
  }

  /** Rotates x [B, H, S, d]. */
  Tensor apply(Tensor x_BHSd) {
    long headDim = x_BHSd.size(-1);
    long half = rotaryDim / 2;
    Tensor first = x_BHSd.narrow(-1, 0, half);
    Tensor second = x_BHSd.narrow(-1, half, half);
    TensorVector parts =
        new TensorVector(
            first.mul(cos_SR2).sub(second.mul(sin_SR2)),
            second.mul(cos_SR2).add(first.mul(sin_SR2)));
    if (rotaryDim < headDim) {
      parts.push_back(x_BHSd.narrow(-1, rotaryDim, headDim - rotaryDim));
    }
    return torch.cat(parts, -1);
  }
}
