package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Part;
import org.bytedeco.pytorch.DoubleOptional;
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
    Tensor query_BSHd = heads(x_BSD, parameters, Part.QUERY, Part.QUERY_BIAS, spec.heads());
    Tensor key_BSGd = heads(x_BSD, parameters, Part.KEY, Part.KEY_BIAS, spec.kvHeads());
    Tensor value_BSGd = heads(x_BSD, parameters, Part.VALUE, Part.VALUE_BIAS, spec.kvHeads());
    if (spec.headNorm()) {
      query_BSHd = Ops.rmsNorm(query_BSHd, parameters.get(Part.QUERY_NORM, layer), normEps);
      key_BSGd = Ops.rmsNorm(key_BSGd, parameters.get(Part.KEY_NORM, layer), normEps);
    }
    Tensor out_BHSd =
        torch.scaled_dot_product_attention(
            rotary.apply(query_BSHd).transpose(1, 2),
            repeated(rotary.apply(key_BSGd)).transpose(1, 2),
            repeated(value_BSGd).transpose(1, 2),
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
    return projected.view(x_BSD.size(0), x_BSD.size(1), heads, spec.headDim());
  }

  /** Each key-value head once for each query head that shares it: [B, S, G, d] to [B, S, H, d]. */
  private Tensor repeated(Tensor x_BSGd) {
    int times = spec.heads() / spec.kvHeads();
    return times == 1 ? x_BSGd : x_BSGd.unsqueeze(3).expand(-1, -1, -1, times, -1).flatten(2, 3);
  }
}
