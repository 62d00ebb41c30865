package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * dots.llm1: DeepSeek-V3's router on grouped-query attention with norms on the heads. Defaults are
 * those of transformers' Dots1Config.
 */
final class Dots1 extends Family {

  @Override
  public String modelType() {
    return "dots1";
  }

  @Override
  public String architecture() {
    return "Dots1ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.PER_HEAD, read.rope(10_000, headDim));
    int from = config.countOr("max_window_layers", 62);
    List<FeedForward> feedForwards = read.deepSeekFeedForwards(0, null, false, 1, 1, 1);
    Reach window = read.window(4096);
    return read.decoder(
        false,
        read.norms(1e-6),
        ConfigReader.layers(
            attention, read.reachOfLayers(window, layer -> layer >= from), feedForwards));
  }

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SIGMOID, true, true, 1), Shared.PLAIN, Biases.ON_ALL_OR_NONE);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    config.biasFlag().window().deepSeekLayers(expertKeys());
    ArrayNode types = config.json().putArray("layer_types");
    for (Layer layer : config.spec().layers()) {
      types.add(
          layer.attention().reach().equals(Reach.FULL) ? "full_attention" : "sliding_attention");
    }
  }

  @Override
  void spellOut(ObjectNode config) {
    ConfigWriter.putSelection(config);
    ConfigWriter.putOneGroup(config);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.DEEPSEEK_V3, TensorNames.DEEPSEEK_V3.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.DEEPSEEK_V3;
  }
}
