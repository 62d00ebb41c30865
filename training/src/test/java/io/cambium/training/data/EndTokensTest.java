package io.cambium.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndTokensTest {

  @TempDir private Path directory;

  @BeforeEach
  void clear() throws IOException {
    TextFixture.tokenizer(directory).close();
    Files.delete(directory.resolve(TokenizerFile.CONFIG_NAME));
  }

  @Test
  void theEndOfTextIsAlwaysOne() {
    assertThat(ends()).containsExactly(endOfText());
  }

  @Test
  void takesOneOrSeveralFromTheConfigs() throws IOException {
    write("generation_config.json", "{\"eos_token_id\": [7, 300]}");
    write("config.json", "{\"eos_token_id\": 9}");
    assertThat(ends()).containsExactlyInAnyOrder(endOfText(), 7, 300, 9);
    write("generation_config.json", "{\"eos_token_id\": null}");
    write("config.json", "{}");
    assertThat(ends()).containsExactly(endOfText());
  }

  @Test
  void takesTheTokenizersOwn() throws IOException {
    write(TokenizerFile.CONFIG_NAME, "{\"eos_token\": {\"content\": \"!\"}}");
    try (Tokenizer tokenizer = tokenizer()) {
      assertThat(EndTokens.of(directory, tokenizer))
          .containsExactlyInAnyOrder(endOfText(), tokenizer.encode("!")[0]);
    }
    write(TokenizerFile.CONFIG_NAME, "{\"eos_token\": \"<|no such token|>\"}");
    assertThat(ends()).containsExactly(endOfText());
  }

  private int endOfText() {
    return TokenizerFile.read(directory.resolve(TokenizerFile.NAME)).requireEndOfText();
  }

  private Set<Integer> ends() {
    try (Tokenizer tokenizer = tokenizer()) {
      return EndTokens.of(directory, tokenizer);
    }
  }

  private Tokenizer tokenizer() {
    return Tokenizer.load(directory.resolve(TokenizerFile.NAME));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }
}
