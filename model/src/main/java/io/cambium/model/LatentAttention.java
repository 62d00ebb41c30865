package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Norms;
import io.cambium.checkpoint.family.Part;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head latent attention (arXiv 2405.04434, section 2.1). B batch, S tokens, D hidden, H
 * heads, r size of the keys' and values' small vector, N unrotated and R rotated dimensions of a
 * head.
 */
final class LatentAttention implements Attention {

  /** The norms of the small vectors have an epsilon of their own, whatever the model's is. */
  private static final Norms NORMS = Norms.before(1e-6);

  private final Latent spec;
  private final int layer;
  private final AttentionProduct product;

  LatentAttention(Latent spec, int layer) {
    this.spec = spec;
    this.layer = layer;
    this.product = new AttentionProduct(spec.reach(), spec.scale());
  }

  @Override
  public Tensor forward(
      Tensor x_BSD,
      Parameters parameters,
      @Nullable Rotary rotary,
      KeyValueCache.@Nullable Layer cache,
      @Nullable Tensor documents_BS) {
    Rotary positions = Objects.requireNonNull(rotary);
    long start = cache == null ? 0 : cache.length();
    long rotated = spec.rope().rotaryDim();
    TensorVector query =
        split(query(x_BSD, parameters).unflatten(-1, spec.heads(), -1), spec.nopeDim(), rotated);
    Tensor query_BSHd = cat(query.get(0), positions.apply(query.get(1), start));

    TensorVector latent =
        split(
            Ops.linear(x_BSD, parameters.get(Part.KEY_VALUE_DOWN, layer)),
            spec.keyValueRank(),
            rotated);
    Tensor sharedKey_BS1R = positions.apply(latent.get(1).unsqueeze(2), start);
    Tensor normed_BSr =
        Ops.rmsNorm(latent.get(0), parameters.get(Part.KEY_VALUE_DOWN_NORM, layer), NORMS);
    Tensor up_BSC = Ops.linear(normed_BSr, parameters.get(Part.KEY_VALUE_UP, layer));
    TensorVector up =
        split(up_BSC.unflatten(-1, spec.heads(), -1), spec.nopeDim(), spec.valueDim());
    Tensor key_BSHd = cat(up.get(0), sharedKey_BS1R.expand(-1, -1, spec.heads(), -1));
    Tensor value_BSHv = up.get(1);
    Tensor keys_BTHd = cache == null ? key_BSHd : cache.appendKeys(key_BSHd);
    Tensor values_BTHv = cache == null ? value_BSHv : cache.appendValues(value_BSHv);
    Tensor out_BHSv =
        product.apply(
            query_BSHd.transpose(1, 2),
            keys_BTHd.transpose(1, 2),
            values_BTHv.transpose(1, 2),
            null,
            documents_BS);
    return Ops.linear(
        out_BHSv.transpose(1, 2).flatten(2, 3), parameters.get(Part.ATTENTION_OUTPUT, layer));
  }

  private Tensor query(Tensor x_BSD, Parameters parameters) {
    if (spec.queryRank() == 0) {
      return Ops.linear(x_BSD, parameters.get(Part.QUERY, layer));
    }
    Tensor down = Ops.linear(x_BSD, parameters.get(Part.QUERY_DOWN, layer));
    Tensor normed = Ops.rmsNorm(down, parameters.get(Part.QUERY_DOWN_NORM, layer), NORMS);
    return Ops.linear(normed, parameters.get(Part.QUERY_UP, layer));
  }

  private static TensorVector split(Tensor x, long first, long second) {
    return torch.split_with_sizes(x, new long[] {first, second}, -1);
  }

  private static Tensor cat(Tensor first, Tensor second) {
    return torch.cat(new TensorVector(first, second), -1);
  }
}
