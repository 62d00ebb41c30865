package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Groups;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.TensorNames.Packing;
import java.util.List;

/**
 * gpt-oss in bf16 or fp32, or with experts in mxfp4: attention sinks, biases everywhere, a clamped
 * activation. Defaults are those of transformers' GptOssConfig.
 */
final class GptOss extends Family {

  @Override
  public String modelType() {
    return "gpt_oss";
  }

  @Override
  public String architecture() {
    return "GptOssForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = ConfigReader.ofQuantised(config);
    read.silu();
    read.requireNumber("swiglu_alpha", Activation.CLAMPED_SWISH_SLOPE);
    read.requireNumber("swiglu_limit", Activation.CLAMPED_SWISH_LIMIT);
    int headDim = read.headDim(64);
    Rope rope = read.rope(150_000, headDim, false, ROPE_DEFAULT);
    GroupedQuery attention = read.attentionWithFlag(headDim, true, HeadNorm.NONE, rope).withSinks();
    int experts = read.experts(expertKeys());
    Mixture mixture =
        new Mixture(
            experts,
            read.topK(expertKeys(), experts),
            config.requirePositiveInt("intermediate_size"),
            Activation.CLAMPED_SWISH,
            true,
            0,
            false,
            new Router(Score.SOFTMAX, true, false, true, 1, Groups.ONE, false));
    return read.decoder(
        false,
        read.norms(1e-5),
        ConfigReader.layers(
            attention,
            read.reachOfLayers(read.window(128), layer -> layer % 2 == 0),
            read.inAllLayers(mixture)));
  }

  private static final RopeScaling ROPE_DEFAULT =
      new RopeScaling.Yarn(32, 32, 1, 4096, false, RopeConfig.yarnMagnitude(32, 1));

  private static final String EXPERTS = "model.layers.{layer}.mlp.experts.";

  private static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.SINKS, "model.layers.{layer}.self_attn.sinks")
          .with(Part.ROUTER, "model.layers.{layer}.mlp.router.weight")
          .with(Part.ROUTER_BIAS, "model.layers.{layer}.mlp.router.bias")
          .with(
              EXPERTS + "gate_up_proj",
              Packing.ALTERNATING_COLUMNS,
              Part.EXPERT_GATE,
              Part.EXPERT_UP)
          .with(
              EXPERTS + "gate_up_proj_bias",
              Packing.ALTERNATING_COLUMNS,
              Part.EXPERT_GATE_BIAS,
              Part.EXPERT_UP_BIAS)
          .with(EXPERTS + "down_proj", Packing.COLUMNS, Part.EXPERT_DOWN)
          .with(Part.EXPERT_DOWN_BIAS, EXPERTS + "down_proj_bias");

  @Override
  public Quantisation quantisation(ModelConfig config) {
    return Quantisation.of(config, "mxfp4");
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_local_experts", "num_experts");
  }
}
