package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Reach;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Softmax over the tokens that each token may see. B batch, H heads, S tokens that look, T tokens
 * seen, the last S of which are those that look, d head dimension.
 */
final class AttentionProduct {

  private final Reach reach;
  private final double scale;

  AttentionProduct(Reach reach, double scale) {
    this.reach = reach;
    this.scale = scale;
  }

  /**
   * Attends.
   *
   * @param sinks_H a logit of each head that takes part in the softmax and yields nothing; null for
   *     none
   * @param documents_BS which document each token is of, where none may see another's and all
   *     tokens look; else null
   */
  Tensor apply(
      Tensor q_BHSd,
      Tensor k_BHTd,
      Tensor v_BHTd,
      @Nullable Tensor sinks_H,
      @Nullable Tensor documents_BS) {
    long looking = q_BHSd.size(2);
    long seen = k_BHTd.size(2);
    boolean all = reach.kind() == Reach.Kind.FULL || seen <= reach.tokens();
    if (sinks_H != null) {
      return withSinks(q_BHSd, k_BHTd, v_BHTd, sinks_H, visible(looking, seen, documents_BS));
    }
    if (documents_BS == null && all && (looking == seen || looking == 1)) {
      return product(q_BHSd, k_BHTd, v_BHTd, new TensorOptional(), looking == seen);
    }
    Tensor mask = visible(looking, seen, documents_BS);
    return product(q_BHSd, k_BHTd, v_BHTd, new TensorOptional(mask), false);
  }

  /**
   * Attends for the last token alone, which may have several queries Q in a head: all see the same.
   */
  Tensor ofLastToken(Tensor q_BHQd, Tensor k_BHTd, Tensor v_BHTd) {
    long seen = k_BHTd.size(2);
    boolean all = reach.kind() == Reach.Kind.FULL || seen <= reach.tokens();
    TensorOptional mask_1T = all ? new TensorOptional() : new TensorOptional(visible(1, seen));
    return product(q_BHQd, k_BHTd, v_BHTd, mask_1T, false);
  }

  private Tensor product(
      Tensor q_BHSd, Tensor k_BHTd, Tensor v_BHTd, TensorOptional mask, boolean causal) {
    // In half precision libtorch's kernel for CPUs is slower than in fp32.
    ScalarType wide = Ops.wide(q_BHSd);
    return torch
        .scaled_dot_product_attention(
            q_BHSd.to(wide),
            k_BHTd.to(wide),
            v_BHTd.to(wide),
            mask,
            0.0,
            causal,
            new DoubleOptional(scale),
            false)
        .to(q_BHSd.scalar_type());
  }

  /** A sink is a token with key and value zero, whose logit is all mask. */
  private Tensor withSinks(
      Tensor q_BHSd, Tensor k_BHTd, Tensor v_BHTd, Tensor sinks_H, Tensor visible) {
    ScalarType type = Ops.wide(q_BHSd);
    Tensor mask =
        torch
            .zeros(visible.shape(), Torch.options(type))
            .masked_fill_(visible.logical_not(), Torch.scalar(Double.NEGATIVE_INFINITY));
    long heads = q_BHSd.size(1);
    long masks = mask.dim() == 2 ? 1 : mask.size(0);
    Tensor mask_MHST = mask.expand(masks, heads, -1, -1);
    Tensor sinks_MHS1 =
        sinks_H.to(type).view(1, heads, 1, 1).expand(masks, heads, q_BHSd.size(2), 1);
    Tensor nothing_BH1d = torch.zeros_like(k_BHTd.narrow(2, 0, 1));
    Tensor nothingValue_BH1d = torch.zeros_like(v_BHTd.narrow(2, 0, 1));
    return product(
        q_BHSd,
        torch.cat(new TensorVector(k_BHTd, nothing_BH1d), 2),
        torch.cat(new TensorVector(v_BHTd, nothingValue_BH1d), 2),
        new TensorOptional(torch.cat(new TensorVector(mask_MHST, sinks_MHS1), -1)),
        false);
  }

  /**
   * True where the token of a row may see that of a column: [S, T], or [B, 1, S, S] where tokens
   * see their own document only.
   */
  private Tensor visible(long looking, long seen, @Nullable Tensor documents_BS) {
    Tensor visible_ST = visible(looking, seen);
    if (documents_BS == null) {
      return visible_ST;
    }
    Tensor same_BSS = documents_BS.unsqueeze(2).eq(documents_BS.unsqueeze(1));
    return same_BSS.logical_and_(visible_ST).unsqueeze(1);
  }

  /** The same for all documents together. */
  private Tensor visible(long looking, long seen) {
    Tensor rows_S1 = positions(seen - looking, seen).unsqueeze(1);
    Tensor columns_1T = positions(0, seen).unsqueeze(0);
    Tensor distance_ST = rows_S1.sub(columns_1T);
    Tensor causal_ST = distance_ST.ge(Torch.scalar(0));
    return switch (reach.kind()) {
      case FULL -> causal_ST;
      case WINDOW -> causal_ST.logical_and_(distance_ST.lt(Torch.scalar(reach.tokens())));
      case CHUNK -> causal_ST.logical_and_(chunk(rows_S1).eq(chunk(columns_1T)));
    };
  }

  private Tensor chunk(Tensor positions) {
    return positions.div(Torch.scalar(reach.tokens())).floor();
  }

  private static Tensor positions(long from, long to) {
    return torch.arange(Torch.scalar(from), Torch.scalar(to), Torch.options(ScalarType.Double));
  }
}
