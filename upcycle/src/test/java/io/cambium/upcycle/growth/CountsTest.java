package io.cambium.upcycle.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CountsTest {

  private static final List<Integer> LAYERS = List.of(1, 2);

  @TempDir Path folder;

  @Test
  void uniformLeavesTheRestToTheLowestIndices() {
    assertThat(new Counts.Uniform().resolve(LAYERS, 3, 8, 1))
        .isEqualTo(Map.of(1, List.of(3, 3, 2), 2, List.of(3, 3, 2)));
    assertThat(new Counts.Uniform().resolve(LAYERS, 8, 20, 1).get(1))
        .containsExactly(3, 3, 3, 3, 2, 2, 2, 2);
    assertThat(new Counts.Uniform().resolve(List.of(0), 1, 7, 1)).isEqualTo(Map.of(0, List.of(7)));
  }

  @Test
  void groupsGrowAlike() {
    assertThat(new Counts.Uniform().resolve(List.of(0), 6, 9, 3).get(0))
        .containsExactly(2, 1, 2, 1, 2, 1);
    assertThatThrownBy(() -> new Counts.Uniform().resolve(List.of(0), 6, 10, 3))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("name a multiple of 3");
    Counts uneven = new Counts.Everywhere(List.of(3, 1, 1, 1, 1, 2));
    assertThatThrownBy(() -> uneven.resolve(List.of(0), 6, 9, 3))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("groups of [4, 2, 3] experts");
  }

  @Test
  void readsOneListForAllLayersOrOneForEach() throws IOException {
    assertThat(read("[3, 1, 1]").resolve(LAYERS, 3, 5, 1))
        .isEqualTo(Map.of(1, List.of(3, 1, 1), 2, List.of(3, 1, 1)));
    assertThat(read("{\"2\": [1, 1, 3], \"1\": [1, 3, 1]}").resolve(LAYERS, 3, 5, 1))
        .isEqualTo(Map.of(1, List.of(1, 3, 1), 2, List.of(1, 1, 3)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[3, 1]|of layer 1 are 2 for 3 experts",
        "[4, 1, 0]|hold one below 1",
        "[2, 1, 1]|add up to 4, not to 5 experts",
        "[2147483647, 2147483647, 7]|add up to 4294967301, not to 5 experts",
        "[3, 1, 1.0]|1.0, which is no whole number",
        "{'1': [3, 1, 1]}|name the layers [1], but the model routes in [1, 2]",
        "{'1': [3, 1, 1], '2': [3, 1, 1], '3': [3, 1, 1]}|name the layers [1, 2, 3]",
        "{'one': [3, 1, 1]}|\"one\", which is no layer index",
        "{'1': [3, 1, 1], '1': [3, 1, 1]}|is not valid JSON",
        "{'1': 3, '2': 3}|of layer 1 are 0 for 3 experts",
        "7|neither a list nor an object",
        "[3, 1|is not valid JSON",
      })
  void refuses(String json, String message) {
    assertThatThrownBy(() -> read(json).resolve(LAYERS, 3, 5, 1))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesAMissingFile() {
    assertThatThrownBy(() -> Counts.read(folder.resolve("none.json")))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("none.json");
  }

  private Counts read(String json) throws IOException {
    Path file = folder.resolve("counts.json");
    Files.writeString(file, json.replace('\'', '"'));
    return Counts.read(file);
  }
}
