package io.cambium.model;

import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How sure a router is: 0 nats where one expert has all of the scores, ln E where all are equal.
 */
public final class RouterEntropy {

  private RouterEntropy() {}

  /**
   * The entropy of each token's scores as shares of their sum, in nats, summed over the tokens.
   *
   * @param scores_TE of sigmoid or softmax, before any bias
   */
  public static double sum(Tensor scores_TE) {
    Tensor share_TE = scores_TE.div(scores_TE.sum(new long[] {1}, true, new ScalarTypeOptional()));
    return -torch.xlogy(share_TE, share_TE).sum().item_double();
  }
}
