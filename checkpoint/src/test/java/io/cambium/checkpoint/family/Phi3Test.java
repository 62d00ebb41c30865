package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class Phi3Test {

  private static final String SIZES =
      """
      {"model_type":"phi3","vocab_size":96,"hidden_size":32,"num_hidden_layers":2,
       "num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":16,
       "max_position_embeddings":64}\
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"type\":\"linear\",\"factor\":2}|rope_scaling",
        "{\"type\":\"longrope\",\"short_factor\":[1,1,1,1],\"long_factor\":[2,2,2,2]}|original_max",
        "{\"type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[2,2,2,2]}|4 of each",
        "{\"type\":\"longrope\",\"short_factor\":[1,1,1,1],\"long_factor\":[2]}|4 of each"
      })
  void refusesOtherRopes(String rope, String place) {
    ObjectNode json = (ObjectNode) Json.MAPPER.readTree(SIZES);
    json.set("rope_scaling", Json.MAPPER.readTree(rope));
    assertThatThrownBy(() -> new Phi3().decoder(new ModelConfig(Path.of("config.json"), json)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(place);
  }
}
