package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Norms;
import io.cambium.checkpoint.family.DecoderSpec.Temperature;
import io.cambium.checkpoint.family.Part;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Grouped-query attention. B batch, S tokens, T tokens seen, D hidden, H heads, G key-value heads,
 * d head dimension.
 */
final class GroupedQueryAttention implements Attention {

  private final GroupedQuery spec;
  private final Norms norms;
  private final int layer;
  private final AttentionProduct product;

  GroupedQueryAttention(GroupedQuery spec, Norms norms, int layer) {
    this.spec = spec;
    this.norms = norms;
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
    long start = cache == null ? 0 : cache.length();
    Tensor query_BSHd = projected(x_BSD, parameters, Part.QUERY, Part.QUERY_BIAS);
    Tensor key_BSGd = projected(x_BSD, parameters, Part.KEY, Part.KEY_BIAS);
    Tensor value_BSGd = heads(projected(x_BSD, parameters, Part.VALUE, Part.VALUE_BIAS));
    query_BSHd = placed(query_BSHd, Part.QUERY_NORM, parameters, rotary, start);
    key_BSGd = placed(key_BSGd, Part.KEY_NORM, parameters, rotary, start);
    Temperature temperature = spec.temperature();
    if (temperature != null) {
      query_BSHd = query_BSHd.mul(factors(temperature, start, query_BSHd));
    }
    Tensor keys_BTGd = cache == null ? key_BSGd : cache.appendKeys(key_BSGd);
    Tensor values_BTGd = cache == null ? value_BSGd : cache.appendValues(value_BSGd);
    Tensor sinks_H = spec.sinks() ? parameters.get(Part.SINKS, layer) : null;
    return linear(
        query_BSHd.size(1) == 1 && sinks_H == null
            ? lookOnce(query_BSHd, keys_BTGd, values_BTGd)
            : look(query_BSHd, keys_BTGd, values_BTGd, sinks_H, documents_BS),
        parameters,
        Part.ATTENTION_OUTPUT,
        spec.outputBias() ? Part.ATTENTION_OUTPUT_BIAS : null);
  }

  /** Each head's queries over its keys: [B, S, H*d]. */
  private Tensor look(
      Tensor query_BSHd,
      Tensor keys_BTGd,
      Tensor values_BTGd,
      @Nullable Tensor sinks_H,
      @Nullable Tensor documents_BS) {
    return product
        .apply(
            query_BSHd.transpose(1, 2),
            repeated(keys_BTGd).transpose(1, 2),
            repeated(values_BTGd).transpose(1, 2),
            sinks_H,
            documents_BS)
        .transpose(1, 2)
        .flatten(2, 3);
  }

  /**
   * The same for a single token, without a copy of what it looks at: the query heads that share a
   * key-value head see the same keys, as queries of one head would.
   */
  private Tensor lookOnce(Tensor query_B1Hd, Tensor keys_BTGd, Tensor values_BTGd) {
    long batch = query_B1Hd.size(0);
    int shared = spec.heads() / spec.kvHeads();
    return product
        .ofLastToken(
            query_B1Hd.view(batch, spec.kvHeads(), shared, spec.headDim()),
            keys_BTGd.transpose(1, 2),
            values_BTGd.transpose(1, 2))
        .reshape(batch, 1, (long) spec.heads() * spec.headDim());
  }

  private Tensor projected(Tensor x_BSD, Parameters parameters, Part weight, Part bias) {
    return linear(x_BSD, parameters, weight, spec.inputBias() ? bias : null);
  }

  private Tensor linear(Tensor x, Parameters parameters, Part weight, @Nullable Part bias) {
    Tensor matrix = parameters.get(weight, layer);
    return bias == null
        ? Ops.linear(x, matrix)
        : Ops.linear(x, matrix).add(parameters.get(bias, layer));
  }

  private Tensor heads(Tensor x_BSC) {
    return x_BSC.unflatten(-1, -1, spec.headDim());
  }

  /** Queries or keys, normalised and rotated, head by head. */
  private Tensor placed(
      Tensor x_BSC, Part norm, Parameters parameters, @Nullable Rotary rotary, long start) {
    Tensor heads_BSHd =
        switch (spec.headNorm()) {
          case NONE, PER_HEAD_AFTER_ROPE, UNIT_AFTER_ROPE -> heads(x_BSC);
          case PER_HEAD -> Ops.rmsNorm(heads(x_BSC), parameters.get(norm, layer), norms);
          case ALL_HEADS -> heads(Ops.rmsNorm(x_BSC, parameters.get(norm, layer), norms));
        };
    Tensor rotated_BSHd = rotary == null ? heads_BSHd : rotary.apply(heads_BSHd, start);
    return switch (spec.headNorm()) {
      case NONE, PER_HEAD, ALL_HEADS -> rotated_BSHd;
      case PER_HEAD_AFTER_ROPE -> Ops.rmsNorm(rotated_BSHd, parameters.get(norm, layer), norms);
      case UNIT_AFTER_ROPE -> Ops.unitMeanSquare(rotated_BSHd, norms.eps());
    };
  }

  /** [S, 1, 1], by position. */
  private static Tensor factors(Temperature temperature, long start, Tensor query_BSHd) {
    int tokens = Math.toIntExact(query_BSHd.size(1));
    float[] factors = new float[tokens];
    for (int s = 0; s < tokens; s++) {
      double steps = Math.floor((start + s + 1) / temperature.floor());
      factors[s] = (float) (Math.log1p(steps) * temperature.scale() + 1);
    }
    return Torch.tensor(factors, tokens, 1, 1).to(query_BSHd.scalar_type());
  }

  /** Each key-value head once for each query head that shares it: [B, T, G, d] to [B, T, H, d]. */
  private Tensor repeated(Tensor x_BTGd) {
    int times = spec.heads() / spec.kvHeads();
    return times == 1 ? x_BTGd : x_BTGd.unsqueeze(3).expand(-1, -1, -1, times, -1).flatten(2, 3);
  }
}
