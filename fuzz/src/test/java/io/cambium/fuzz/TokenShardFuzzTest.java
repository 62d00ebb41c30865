package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.training.data.TokenShard;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Token shards. */
class TokenShardFuzzTest {

  private static final FuzzedSafetensors FILES =
      FuzzedSafetensors.of("shard", EditedJson.ofTexts(header("U16", 32), header("U32", 16)));

  private static String header(String dtype, int tokens) {
    return """
    {"__metadata__": {"tokenizer_sha256": "00", "domain": "x", "split": "train",
                      "documents": "3"},
     "tokens": {"dtype": "%s", "shape": [%d], "data_offsets": [0, 64]}}\
    """
        .formatted(dtype, tokens);
  }

  static Stream<Arguments> seeds() {
    return FILES.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    FILES.read(
        input,
        path -> {
          try (TokenShard shard = TokenShard.open(path)) {
            int count = (int) Math.min(shard.size(), 100);
            shard.copy(shard.size() - count, new long[count], 0, count);
          }
        });
  }
}
