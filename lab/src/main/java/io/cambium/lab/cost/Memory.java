package io.cambium.lab.cost;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.training.config.HardwareConfig;

/**
 * Bytes on one of several devices in mixed-precision training with AdamW: weights in bf16 beside an
 * fp32 copy, gradients in fp32, two moments in fp32, all spread evenly over the devices (fully
 * sharded, experts too), and the activations of one micro batch.
 */
public record Memory(double weights, double gradients, double moments, double activations) {

  private static final int BF16 = 2;
  private static final int FP32 = 4;

  /** Bytes per parameter, over all devices. */
  private static final int STATE_BYTES = BF16 + FP32 + FP32 + 2 * FP32;

  /** Of a model on one of so many devices. */
  public static Memory of(double parameters, double activations, int devices) {
    return new Memory(
        (BF16 + FP32) * parameters / devices,
        FP32 * parameters / devices,
        2.0 * FP32 * parameters / devices,
        activations);
  }

  public double total() {
    return weights + gradients + moments + activations;
  }

  /**
   * The fewest devices that hold a model and its training state.
   *
   * @return 0 if none do: the activations of one micro batch alone are too many
   */
  public static int fewestDevices(double parameters, double activations, HardwareConfig hardware) {
    double left = hardware.usableBytes() - activations;
    return left <= 0 ? 0 : (int) Math.max(1, Math.ceil(STATE_BYTES * parameters / left));
  }

  /**
   * What the backward pass needs of the forward pass, in bf16, with an attention that keeps no
   * probabilities. Per token and layer: the residual stream and its norm before both blocks (4 D),
   * queries, keys, values and the attention's output, the router's scores in fp32, and for each
   * block or expert that a token visits its gate, its up and their product (3 F), with the input
   * and output of a routed one (2 D). Over all layers the logits and their gradient, in fp32.
   *
   * @param tokens of a micro batch
   */
  static double activations(DecoderSpec spec, long tokens) {
    double perToken = 2.0 * FP32 * spec.vocabSize();
    for (Layer layer : spec.layers()) {
      perToken +=
          BF16 * (4.0 * spec.hiddenSize() + heads(layer.attention()))
              + feedForward(layer.feedForward(), spec.hiddenSize());
    }
    return perToken * tokens;
  }

  private static double heads(Attention attention) {
    return switch (attention) {
      case GroupedQuery grouped ->
          (2.0 * grouped.heads() + 2.0 * grouped.kvHeads()) * grouped.headDim();
      case Latent latent -> latent.heads() * 2.0 * (latent.queryDim() + latent.valueDim());
    };
  }

  private static double feedForward(FeedForward part, int hidden) {
    return switch (part) {
      case Dense dense -> BF16 * 3.0 * dense.intermediateSize();
      case Mixture mixture ->
          FP32 * mixture.experts()
              + BF16 * mixture.topK() * (3.0 * mixture.intermediateSize() + 2.0 * hidden)
              + BF16 * 3.0 * mixture.sharedIntermediateSize();
    };
  }
}
