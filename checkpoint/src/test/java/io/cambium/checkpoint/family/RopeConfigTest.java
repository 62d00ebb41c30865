package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class RopeConfigTest {

  private static RopeConfig rope(String json) {
    ObjectNode object = (ObjectNode) Json.MAPPER.readTree(json.replace('\'', '"'));
    return new RopeConfig(new ModelConfig(Path.of("config.json"), object));
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
    assertThat(rope(json).theta(10_000)).isEqualTo(10_000);
    assertThat(rope(json).partialRotaryFactor(0.5)).isEqualTo(0.5);
    assertThat(rope(json).scaling(new RopeScaling.None())).isEqualTo(new RopeScaling.None());
  }

  @Test
  void aRopeParameterIsFoundInEitherStyle() {
    assertThat(rope("{'rope_theta':5}").theta(1)).isEqualTo(5);
    assertThat(rope("{'rope_parameters':{'rope_theta':5}}").theta(1)).isEqualTo(5);
    assertThat(
            rope("{'partial_rotary_factor':0.25,'rope_parameters':{'rope_theta':5}}")
                .partialRotaryFactor(0.5))
        .isEqualTo(0.25);
    assertThat(rope("{'rope_parameters':{'partial_rotary_factor':0.25}}").partialRotaryFactor(0.5))
        .isEqualTo(0.25);
  }

  @Test
  void longRopeTakesItsAttentionFromTheLengths() {
    String factors = "'type':'longrope','short_factor':[1,1.5],'long_factor':[2,8]";
    String old = "'max_position_embeddings':64,'rope_scaling':{" + factors;
    assertThat(longRope("{'original_max_position_embeddings':16," + old + "}}"))
        .isEqualTo(longRope(16, Math.sqrt(1.5)));
    assertThat(longRope("{'original_max_position_embeddings':16," + old + ",'factor':4}}"))
        .isEqualTo(longRope(16, Math.sqrt(1.5)));
    assertThat(longRope("{" + old + ",'factor':64}}")).isEqualTo(longRope(64, Math.sqrt(2)));
    assertThat(longRope("{" + old + ",'attention_factor':3}}")).isEqualTo(longRope(64, 3));
    assertThat(longRope("{" + old + "}}")).isEqualTo(longRope(64, 1));
    String newer =
        "{'max_position_embeddings':64,'rope_parameters':{'original_max_position_embeddings':16,";
    assertThat(longRope(newer + factors + ",'factor':16}}")).isEqualTo(longRope(16, Math.sqrt(2)));
  }

  private static RopeScaling longRope(String json) {
    return rope(json).scaling(new RopeScaling.None());
  }

  private static RopeScaling longRope(int original, double attention) {
    return new RopeScaling.LongRope(List.of(1.0, 1.5), List.of(2.0, 8.0), original, attention);
  }

  @Test
  void aFixedAlphaIsFoundInEitherStyle() {
    assertThat(rope("{'rope_scaling':{'type':'dynamic','alpha':3}}").fixedAlpha()).hasValue(3);
    assertThat(rope("{'rope_parameters':{'rope_type':'dynamic','alpha':3}}").fixedAlpha())
        .hasValue(3);
    assertThat(rope("{'rope_scaling':{'type':'linear','alpha':3}}").fixedAlpha()).isEmpty();
    assertThat(rope("{'rope_scaling':{'type':'dynamic','factor':3}}").fixedAlpha()).isEmpty();
    assertThat(rope("{}").fixedAlpha()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'rope_scaling':{'type':'dynamic','alpha':0}}",
        "{'rope_scaling':{'type':'dynamic','alpha':true}}",
        "{'rope_scaling':{'type':'dynamic','alpha':2},'rope_parameters':{'rope_type':'default'}}"
      })
  void refusesAnAlphaOfAnotherMeaning(String json) {
    assertThatThrownBy(() -> rope(json).fixedAlpha())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("rope_");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'rope_scaling':{'type':'linear'}}",
        "{'rope_scaling':{'rope_type':'yarn'}}",
        "{'rope_scaling':{'type':'default','rope_type':'llama3'}}",
        "{'rope_scaling':{'rope_type':'dynamic','factor':2}}",
        "{'rope_scaling':{'type':'linear','factor':2},'rope_parameters':{'rope_type':'default'}}",
        "{'rope_scaling':'linear'}",
        "{'rope_scaling':{'type':'longrope','short_factor':[1]}}",
        "{'rope_scaling':{'type':'longrope','short_factor':[0],'long_factor':[1]}}",
        "{'original_max_position_embeddings':16,'max_position_embeddings':64,"
            + "'rope_scaling':{'type':'su','short_factor':[1],'long_factor':[1],'factor':2}}",
        "{'rope_parameters':{'rope_type':'longrope','rope_theta':1}}",
        "{'rope_parameters':{'full_attention':{'rope_theta':1}}}",
        "{'rope_parameters':[]}",
        "{'rope_parameters':{'rope_theta':0}}",
        "{'rope_theta':null}",
        "{'rope_theta':1,'rope_parameters':{'rope_theta':2}}"
      })
  void refusesEveryOtherRope(String json) {
    assertThatThrownBy(
            () -> {
              rope(json).theta(10_000);
              rope(json).scaling(new RopeScaling.None());
            })
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("rope_");
  }
}
