package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;

final class JsonTest {

  record Sample(String name, int count, List<String> tags, @Nullable Long step) {}

  @Test
  void onlyWhatIsNullableMayBeMissing() {
    assertThat(read("{\"name\":\"a\",\"count\":1,\"tags\":[]}"))
        .isEqualTo(new Sample("a", 1, List.of(), null));
    assertThat(read("{\"name\":\"a\",\"count\":1,\"tags\":[],\"step\":null}").step()).isNull();
    assertThat(read("{\"name\":\"a\",\"count\":1,\"tags\":[],\"step\":7}").step()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"count\":1,\"tags\":[]}",
        "{\"name\":\"a\",\"tags\":[]}",
        "{\"name\":\"a\",\"count\":1}",
        "{\"name\":null,\"count\":1,\"tags\":[]}",
        "{\"name\":\"a\",\"count\":null,\"tags\":[]}",
        "{\"name\":\"a\",\"count\":1,\"tags\":null}",
        "{\"name\":\"a\",\"count\":1.5,\"tags\":[]}",
        "{\"name\":\"a\",\"count\":\"1\",\"tags\":[]}",
        "{\"name\":\"a\",\"count\":1,\"tags\":[],\"extra\":0}",
        "{\"name\":\"a\",\"name\":\"b\",\"count\":1,\"tags\":[]}",
        "{\"name\":\"a\",\"count\":1,\"tags\":[]} 0"
      })
  void everythingElseIsStrict(String json) {
    assertThatThrownBy(() -> read(json)).isInstanceOf(JacksonException.class);
  }

  private static Sample read(String json) {
    return Json.MAPPER.readValue(json, Sample.class);
  }
}
