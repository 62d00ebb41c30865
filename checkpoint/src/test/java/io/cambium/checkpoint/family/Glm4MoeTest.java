package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class Glm4MoeTest {

  private static final Family FAMILY = new Glm4Moe();

  @TempDir Path temporary;

  private static ObjectNode fresh() {
    return FAMILY.newConfig(TinyModels.glm4Moe().spec(), 64);
  }

  private static DecoderSpec decoder(ObjectNode config) {
    return FAMILY.decoder(new ModelConfig(Path.of("config.json"), config));
  }

  private static ObjectNode with(String key, String json) {
    ObjectNode config = fresh();
    config.set(key, Json.MAPPER.readTree(json.replace('\'', '"')));
    return config;
  }

  @ParameterizedTest
  @ValueSource(strings = {Goldens.GLM4_MOE, Goldens.GLM4_MOE_V4})
  void readsBothStylesOfConfig(String golden) {
    Path config = Goldens.unpack(golden, temporary).resolve("config.json");
    Mixture mixture = new Mixture(6, 2, 40, 40, new Router(Score.SIGMOID, true, true, 1.5));
    assertThat(decoder(Json.readObject(config)))
        .isEqualTo(
            DecoderSpec.plain(
                96,
                48,
                1e-5,
                false,
                GroupedQuery.plain(4, 2, 16, false, HeadNorm.PER_HEAD, new Rope(10_000, 8)),
                List.of(new Dense(80), mixture, mixture)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model_type",
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "moe_intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "n_routed_experts",
        "n_shared_experts",
        "num_experts_per_tok"
      })
  void needsEverySize(String key) {
    ObjectNode config = fresh();
    config.remove(key);
    ModelConfig parsed = new ModelConfig(Path.of("config.json"), config);
    assertThatThrownBy(() -> Families.of(parsed).decoder(parsed))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("lacks \"" + key + "\"");
  }

  @Test
  void otherKeysTakeTheDefaultsOfTheClass() {
    DecoderSpec written =
        TinyModels.glm4Moe().hidden(32).attentionBias(false).headNorm(false).routedScale(1).spec();
    ObjectNode config = FAMILY.newConfig(written, 64);
    config.remove(
        List.of(
            "head_dim",
            "first_k_dense_replace",
            "rms_norm_eps",
            "tie_word_embeddings",
            "attention_bias",
            "use_qk_norm",
            "norm_topk_prob",
            "routed_scaling_factor",
            "rope_theta",
            "rope_scaling",
            "rope_parameters",
            "partial_rotary_factor",
            "hidden_act",
            "scoring_func",
            "topk_method",
            "n_group",
            "topk_group"));
    assertThat(decoder(config)).isEqualTo(written);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "hidden_act              | 'gelu'",
        "scoring_func            | 'softmax'",
        "topk_method             | 'greedy'",
        "n_group                 | 2",
        "topk_group              | 2",
        "quantization_config     | {'quant_method':'fp8'}",
        "sliding_window          | 4096",
        "attn_logit_softcapping  | 50.0",
        "final_logit_softcapping | 30.0",
        "rope_scaling            | {'rope_type':'yarn','factor':4.0}",
        "num_local_experts       | 6",
        "num_experts_per_tok     | 6",
        "num_key_value_heads     | 3",
        "partial_rotary_factor   | 1.0",
        "head_dim                | 1"
      })
  void refusesWhatItDoesNotCompute(String key, String value) {
    assertThatThrownBy(() -> decoder(with(key, value)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("config.json");
  }

  @ParameterizedTest
  @CsvSource({
    "num_hidden_layers, 2000000000",
    "num_hidden_layers, 0",
    "n_routed_experts, 2000000000",
    "n_shared_experts, 2000000000",
    "first_k_dense_replace, -1",
    "num_experts_per_tok, 0"
  })
  void refusesSizesThatCannotBe(String key, String value) {
    assertThatThrownBy(() -> decoder(with(key, value))).isInstanceOf(CheckpointException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "sliding_window      | null",
        "quantization_config | null",
        "num_local_experts   | 5",
        "bos_token_id        | [1,2]",
        "made_up             | {'a':1}"
      })
  void carriesOverWhatChangesNothing(String key, String value) {
    ObjectNode config = with(key, value);
    assertThat(decoder(config)).isEqualTo(decoder(fresh()));
    assertThat(FAMILY.withExperts(config, 9).get(key))
        .isEqualTo(key.equals("num_local_experts") ? Json.MAPPER.readTree("9") : config.get(key));
  }

  @Test
  void changesTheNumberOfExpertsAndNothingElse() {
    ObjectNode config = fresh();
    DecoderSpec grown = decoder(FAMILY.withTopK(FAMILY.withExperts(config, 13), 3));
    assertThat(grown).isEqualTo(TinyModels.glm4Moe().experts(13).topK(3).spec());
    assertThat(decoder(config)).isEqualTo(TinyModels.glm4Moe().spec());
  }

  /** The factor is a fraction that transformers rounds down again. */
  @Test
  void everyRotaryShareSurvivesItsFraction() {
    DecoderSpec spec = TinyModels.glm4Moe().spec();
    for (int headDim = 2; headDim <= 130; headDim++) {
      for (int rotaryDim = 2; rotaryDim <= headDim; rotaryDim += 2) {
        DecoderSpec wanted =
            DecoderSpec.plain(
                spec.vocabSize(),
                spec.hiddenSize(),
                spec.norms().eps(),
                spec.tiedEmbeddings(),
                GroupedQuery.plain(
                    4, 2, headDim, true, HeadNorm.PER_HEAD, new Rope(10_000, rotaryDim)),
                spec.feedForwards());
        assertThat(decoder(FAMILY.newConfig(wanted, 64))).isEqualTo(wanted);
      }
    }
  }

  @Test
  void refusesASpecThatTheFamilyCannotExpress() {
    DecoderSpec spec = TinyModels.glm4Moe().spec();
    List<DecoderSpec.FeedForward> layers = spec.feedForwards().reversed();
    DecoderSpec denseLast =
        DecoderSpec.plain(
            spec.vocabSize(),
            spec.hiddenSize(),
            spec.norms().eps(),
            spec.tiedEmbeddings(),
            spec.layers().getFirst().attention(),
            layers);
    assertThatThrownBy(() -> FAMILY.newConfig(denseLast, 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it has no layers[2] feedForward");
  }

  @Test
  void ignoresAsManyPredictionLayersAsTheConfigCounts() {
    ModelConfig one = new ModelConfig(Path.of("c"), with("num_nextn_predict_layers", "1"));
    assertThat(FAMILY.ignores("model.layers.3.eh_proj.weight", one)).isTrue();
    assertThat(FAMILY.ignores("model.layers.2.mlp.gate.weight", one)).isFalse();
    assertThat(FAMILY.ignores("model.layers.4.eh_proj.weight", one)).isFalse();
    assertThat(FAMILY.ignores("model.norm.weight", one)).isFalse();
    ModelConfig none = new ModelConfig(Path.of("c"), fresh());
    assertThat(FAMILY.ignores("model.layers.3.eh_proj.weight", none)).isFalse();
  }
}
