package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Part;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Causal grouped-query attention of one layer. B batch, S sequence, D hidden, H heads, G key-value
 * heads, d head dimension.
 */
final class Attention {

  private final DecoderSpec.Attention spec;
  private final double normEps;
  private final int layer;

  Attention(DecoderSpec decoder, int layer) {
    this.spec = decoder.attention();
    this.normEps = decoder.normEps();
    this.layer = layer;
  }

  Tensor forward(Tensor x_BSD, Parameters parameters, Rotary rotary) {
    Tensor query_BHSd = heads(x_BSD, parameters, Part.QUERY, Part.QUERY_BIAS, spec.heads());
    Tensor key_BGSd = heads(x_BSD, parameters, Part.KEY, Part.KEY_BIAS, spec.kvHeads());
    Tensor value_BGSd = heads(x_BSD, parameters, Part.VALUE, Part.VALUE_BIAS, spec.kvHeads());
    if (spec.headNorm()) {
      query_BHSd = Ops.rmsNorm(query_BHSd, parameters.get(Part.QUERY_NORM, layer), normEps);
      key_BGSd = Ops.rmsNorm(key_BGSd, parameters.get(Part.KEY_NORM, layer), normEps);
    }
    Tensor out_BHSd =
        torch.scaled_dot_product_attention(
            rotary.apply(query_BHSd),
            repeated(rotary.apply(key_BGSd)),
            repeated(value_BGSd),
            new TensorOptional(),
            0.0,
            true,
            new DoubleOptional(),
            false);
    Tensor joined_BSC = out_BHSd.transpose(1, 2).flatten(2, 3);
    return torch.linear(joined_BSC, parameters.get(Part.ATTENTION_OUTPUT, layer));
  }

  private Tensor heads(Tensor x_BSD, Parameters parameters, Part weight, Part bias, int heads) {
    Tensor projected =
        spec.inputBias()
            ? torch.linear(
                x_BSD,
                parameters.get(weight, layer),
                new TensorOptional(parameters.get(bias, layer)))
            : torch.linear(x_BSD, parameters.get(weight, layer));
    return projected.view(x_BSD.size(0), x_BSD.size(1), heads, spec.headDim()).transpose(1, 2);
  }

  /** Each key-value head once for each query head that shares it: [B, G, S, d] to [B, H, S, d]. */
  private Tensor repeated(Tensor x_BGSd) {
    int times = spec.heads() / spec.kvHeads();
    return times == 1
        ? x_BGSd
        : x_BGSd.repeat_interleave(times, new LongOptional(1), new LongOptional());
  }
}
