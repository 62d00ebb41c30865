package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import java.nio.file.Path;
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
    assertThat(rope(json).scaling(RopeScaling.NONE)).isEqualTo(RopeScaling.NONE);
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
              rope(json).scaling(RopeScaling.NONE);
            })
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("rope_");
  }
}
