package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.checkpoint.SafetensorsFile;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Headers of safetensors files. */
class SafetensorsFuzzTest {

  private static final EditedJson HEADERS =
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
          """);

  private static final Path FILE = Scratch.directory("safetensors").resolve("x.safetensors");

  static Stream<Arguments> seeds() {
    return SafetensorsBytes.seeds(HEADERS);
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    Scratch.write(FILE, SafetensorsBytes.of(input, HEADERS));
    Limits.hold(
        input,
        () -> {
          try (SafetensorsFile file = SafetensorsFile.open(FILE)) {
            file.tensors().keySet().forEach(name -> file.data(name).byteSize());
          }
        });
  }
}
