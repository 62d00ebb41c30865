package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Hunyuan with experts, and a shared one of their width; layers may differ in their number.
 * Defaults are those of transformers' HunYuanMoEV1Config.
 */
final class HunYuanMoeV1 extends Family {

  private static final ExpertKeys KEYS =
      new ExpertKeys(
          List.of("num_experts", "num_local_experts"),
          List.of("moe_topk", "num_experts_per_tok"),
          null);

  @Override
  public String modelType() {
    return "hunyuan_v1_moe";
  }

  @Override
  public String architecture() {
    return "HunYuanMoEV1ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.silu();
    List<FeedForward> mixtures =
        IntStream.range(0, read.layers())
            .<FeedForward>mapToObj(layer -> mixture(ofLayer(config, layer)))
            .toList();
    return read.decoder(
        false, read.norms(1e-5), DecoderSpec.alike(HunYuanDenseV1.attention(read), mixtures));
  }

  private static Mixture mixture(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int experts = read.experts(KEYS);
    int width = config.requirePositiveInt("intermediate_size");
    return new Mixture(
        experts, read.topK(KEYS, experts), width, width, new Router(Score.SOFTMAX, false, true, 1));
  }

  /** With one number where there is a list of numbers for all layers. */
  private static ModelConfig ofLayer(ModelConfig config, int layer) {
    ObjectNode json = config.json();
    int layers = new ConfigReader(config).layers();
    for (String key : Stream.concat(KEYS.count().stream(), KEYS.topK().stream()).toList()) {
      JsonNode list = json.path(key);
      if (list.isArray() && list.size() != layers) {
        throw config.unsupported(key, list.size() + " entries", layers + " entries");
      }
      if (list.isArray()) {
        json.set(key, list.get(layer));
      }
    }
    return new ModelConfig(config.file(), json);
  }

  private static final TensorNames NAMES =
      HunYuanDenseV1.NAMES
          .with(Part.ROUTER, "model.layers.{layer}.mlp.gate.wg.weight")
          .with(Part.SHARED_GATE, "model.layers.{layer}.mlp.shared_mlp.gate_proj.weight")
          .with(Part.SHARED_UP, "model.layers.{layer}.mlp.shared_mlp.up_proj.weight")
          .with(Part.SHARED_DOWN, "model.layers.{layer}.mlp.shared_mlp.down_proj.weight");

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SOFTMAX, false, true, 1), Shared.PLAIN, Biases.ON_ALL_OR_NONE);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    config.biasFlag().experts(KEYS).put("intermediate_size", config.mixture().intermediateSize());
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES, NAMES.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return KEYS;
  }
}
