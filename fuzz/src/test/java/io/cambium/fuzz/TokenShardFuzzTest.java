package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.training.data.TokenShard;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Token shards. */
class TokenShardFuzzTest {

  private static final EditedJson HEADERS =
      EditedJson.ofTexts(header("U16", 32), header("U32", 16));

  private static final Path FILE = Scratch.directory("shard").resolve("x.safetensors");

  private static String header(String dtype, int tokens) {
    return """
    {"__metadata__": {"tokenizer_sha256": "00", "domain": "x", "split": "train",
                      "documents": "3"},
     "tokens": {"dtype": "%s", "shape": [%d], "data_offsets": [0, 64]}}\
    """
        .formatted(dtype, tokens);
  }

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
          try (TokenShard shard = TokenShard.open(FILE)) {
            int count = (int) Math.min(shard.size(), 100);
            shard.copy(shard.size() - count, new long[count], 0, count);
          }
        });
  }
}
