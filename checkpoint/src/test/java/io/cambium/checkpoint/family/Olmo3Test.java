package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class Olmo3Test {

  private static final String SIZES =
      """
      {"model_type":"olmo3","vocab_size":96,"hidden_size":32,"num_hidden_layers":4,
       "num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":16,
       "max_position_embeddings":64}\
      """;

  private static DecoderSpec decoder(String changes) {
    ObjectNode json = (ObjectNode) Json.MAPPER.readTree(SIZES);
    json.setAll((ObjectNode) Json.MAPPER.readTree(changes.replace('\'', '"')));
    return new Olmo3().decoder(new ModelConfig(Path.of("config.json"), json));
  }

  private static Rope rope(DecoderSpec spec, int layer) {
    return Objects.requireNonNull(spec.layers().get(layer).attention().rope());
  }

  @Test
  void theOlderStyleScalesTheFullLayersOnly() {
    DecoderSpec spec = decoder("{'rope_scaling':{'rope_type':'linear','factor':2}}");
    assertThat(rope(spec, 2)).isEqualTo(new Rope(500_000, 8));
    assertThat(rope(spec, 3)).isEqualTo(new Rope(500_000, 8, false, new RopeScaling.Linear(2)));
  }

  @Test
  void theNewerStyleNamesTheLayers() {
    DecoderSpec spec =
        decoder("{'rope_parameters':{'sliding_attention':{'rope_theta':7},'full_attention':{}}}");
    assertThat(rope(spec, 0)).isEqualTo(new Rope(7, 8));
    assertThat(rope(spec, 3)).isEqualTo(new Rope(500_000, 8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'rope_theta':10000}",
        "{'rope_theta':10000,'rope_parameters':{'full_attention':{'rope_theta':10000}}}",
        "{'rope_parameters':{'rope_type':'default','rope_theta':500000}}",
        "{'rope_parameters':{'full_attention':null}}",
        "{'sliding_window':null}"
      })
  void refusesWhatTransformersTakesInTwoWays(String changes) {
    assertThatThrownBy(() -> decoder(changes))
        .isInstanceOf(CheckpointException.class)
        .hasMessageMatching("(?s).*(rope_|sliding_window).*");
  }
}
