package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention of one layer. B batch, S tokens, D hidden. */
interface Attention {

  /**
   * What attention adds to its input.
   *
   * @param rotary null for a layer without positions
   * @param cache of earlier tokens, to which these are added; null where x is a whole sequence
   * @param documents_BS which document each token is of, where none may see another's; else null
   * @return [B, S, D]
   */
  Tensor forward(
      Tensor x_BSD,
      Parameters parameters,
      @Nullable Rotary rotary,
      KeyValueCache.@Nullable Layer cache,
      @Nullable Tensor documents_BS);

  static Attention of(DecoderSpec decoder, int layer) {
    return switch (decoder.layers().get(layer).attention()) {
      case GroupedQuery spec -> new GroupedQueryAttention(spec, decoder.norms(), layer);
      case Latent spec -> new LatentAttention(spec, layer);
    };
  }
}
