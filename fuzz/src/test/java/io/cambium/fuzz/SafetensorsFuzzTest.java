package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.checkpoint.SafetensorsFile;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Headers of safetensors files. */
class SafetensorsFuzzTest {

  private static final FuzzedSafetensors FILES =
      FuzzedSafetensors.of(
          "safetensors",
          EditedJson.ofTexts(
              """
              {"a": {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 32]},
               "b": {"dtype": "BF16", "shape": [16], "data_offsets": [32, 64]}}\
              """,
              """
              {"__metadata__": {"format": "pt"},
               "e": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]},
               "f": {"dtype": "F4", "shape": [126], "data_offsets": [1, 64]},
               "g": {"dtype": "F64", "shape": [0, 9223372036854775807], "data_offsets": [64, 64]}}\
              """));

  static Stream<Arguments> seeds() {
    return FILES.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    FILES.read(
        input,
        path -> {
          try (SafetensorsFile file = SafetensorsFile.open(path)) {
            file.tensors().keySet().forEach(name -> file.data(name).byteSize());
          }
        });
  }
}
