package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class ModelConfigTest {

  @TempDir Path temporary;

  private static ModelConfig config(String json) {
    ObjectNode object = (ObjectNode) Json.MAPPER.readTree(json.replace('\'', '"'));
    return new ModelConfig(Path.of("config.json"), object);
  }

  @Test
  void aMissingKeyTakesTheDefault() {
    ModelConfig config = config("{}");
    assertThat(config.positiveIntOr("a", 7)).isEqualTo(7);
    assertThat(config.countOr("a", 0)).isZero();
    assertThat(config.doubleOr("a", -0.5)).isEqualTo(-0.5);
    assertThat(config.positiveDoubleOr("a", 0.5)).isEqualTo(0.5);
    assertThat(config.booleanOr("a", true)).isTrue();
    assertThat(config.stringOr("a", "b")).isEqualTo("b");
  }

  @Test
  void aMissingKeyWithoutADefaultIsAnError() {
    assertThatThrownBy(() -> config("{'a':null}").requirePositiveInt("a"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("config.json: lacks \"a\"");
    assertThatThrownBy(() -> config("{}").modelType()).hasMessageContaining("\"model_type\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "'2'", "2.0", "true", "[2]", "2147483648", "0", "-1"})
  void refusesWhatIsNoPositiveInt(String value) {
    ModelConfig config = config("{'a':" + value + "}");
    assertThatThrownBy(() -> config.positiveIntOr("a", 1)).isInstanceOf(CheckpointException.class);
    assertThatThrownBy(() -> config.requirePositiveInt("a"))
        .isInstanceOf(CheckpointException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "'2'", "true", "[2]", "1e999", "0", "-0.5"})
  void refusesWhatIsNoPositiveNumber(String value) {
    ModelConfig config = config("{'a':" + value + "}");
    assertThatThrownBy(() -> config.positiveDoubleOr("a", 1))
        .isInstanceOf(CheckpointException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "'true'", "1", "{}"})
  void refusesWhatIsNoBoolean(String value) {
    assertThatThrownBy(() -> config("{'a':" + value + "}").booleanOr("a", true))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("not true or false");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "true", "1", "['silu']"})
  void refusesWhatIsNoString(String value) {
    assertThatThrownBy(() -> config("{'a':" + value + "}").stringOr("a", "b"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("not a string");
  }

  @Test
  void findsTheNoiseOfTraining() {
    ModelConfig config =
        config(
            "{'attention_dropout':0.1,'resid_pdrop':0,'embd_pdrop':0.2,'hidden_dropout_prob':0.3,"
                + "'router_jitter_noise':0.01,'classifier_dropout':0.5,'dropout':null,"
                + "'dropout_note':1}");
    assertThat(config.trainingNoise())
        .isEqualTo(
            Map.of(
                "attention_dropout", 0.1,
                "embd_pdrop", 0.2,
                "hidden_dropout_prob", 0.3,
                "router_jitter_noise", 0.01));
  }

  @Test
  void refusesFilesThatAreNoJsonObject() throws IOException {
    Path file = temporary.resolve("config.json");
    assertThatThrownBy(() -> Json.readObject(file))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("cannot be read: no such file");
    for (String text : new String[] {"", "[]", "{\"a\":1,\"a\":2}", "{\"a\":1}}", "{\"a\":NaN}"}) {
      Files.writeString(file, text);
      assertThatThrownBy(() -> Json.readObject(file))
          .as(text)
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith(file.toString());
    }
  }
}
