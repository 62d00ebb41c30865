package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'rope_theta':10000,'rope_scaling':null}",
        "{'rope_theta':10000.0,'rope_scaling':{}}",
        "{'rope_scaling':{'type':'default'}}",
        "{'rope_scaling':{'type':'default','rope_type':'default'}}",
        "{'rope_parameters':null}",
        "{'rope_parameters':{'rope_type':'default','rope_theta':10000.0}}",
        "{'rope_theta':10000,'rope_parameters':{'rope_type':'default','rope_theta':1e4}}"
      })
  void readsBothStylesOfAnUnscaledRope(String json) {
    assertThat(config(json).ropeTheta(10_000)).isEqualTo(10_000);
    assertThat(config(json).partialRotaryFactor(0.5)).isEqualTo(0.5);
  }

  @Test
  void aRopeParameterIsFoundInEitherStyle() {
    assertThat(config("{'rope_theta':5}").ropeTheta(1)).isEqualTo(5);
    assertThat(config("{'rope_parameters':{'rope_theta':5}}").ropeTheta(1)).isEqualTo(5);
    assertThat(
            config("{'partial_rotary_factor':0.25,'rope_parameters':{'rope_theta':5}}")
                .partialRotaryFactor(0.5))
        .isEqualTo(0.25);
    assertThat(
            config("{'rope_parameters':{'partial_rotary_factor':0.25}}").partialRotaryFactor(0.5))
        .isEqualTo(0.25);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'rope_scaling':{'type':'linear','factor':2}}",
        "{'rope_scaling':{'rope_type':'yarn','factor':2}}",
        "{'rope_scaling':{'type':'default','rope_type':'llama3'}}",
        "{'rope_scaling':{'factor':2}}",
        "{'rope_scaling':{'rope_type':'default','rope_theta':5}}",
        "{'rope_scaling':'linear'}",
        "{'rope_scaling':{'type':null}}",
        "{'rope_parameters':{'rope_type':'longrope','rope_theta':1}}",
        "{'rope_parameters':{'full_attention':{'rope_theta':1}}}",
        "{'rope_parameters':[]}",
        "{'rope_parameters':{'rope_theta':null}}",
        "{'rope_parameters':{'rope_theta':0}}",
        "{'rope_theta':null}",
        "{'rope_theta':1,'rope_parameters':{'rope_theta':2}}"
      })
  void refusesEveryOtherRope(String json) {
    assertThatThrownBy(() -> config(json).ropeTheta(10_000))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("rope_");
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
