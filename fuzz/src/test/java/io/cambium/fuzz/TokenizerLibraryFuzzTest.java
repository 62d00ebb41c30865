package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.training.data.Tokenizer;
import io.cambium.training.data.TokenizerFile;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** tokenizer.json, handed on to the library that runs it. */
class TokenizerLibraryFuzzTest {

  private static final Path FILE = Scratch.directory("library").resolve(TokenizerFile.NAME);

  static Stream<Arguments> seeds() {
    return TokenizerFuzzTest.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void runsOrRefuses(byte[] input) {
    Scratch.write(FILE, TokenizerFuzzTest.TOKENIZERS.of(input));
    Limits.hold(
        input,
        () -> {
          try (Tokenizer tokenizer = Tokenizer.load(FILE)) {
            tokenizer.decode(tokenizer.encode("ab a b"));
          }
        });
  }
}
