package io.cambium.training.data;

import io.cambium.checkpoint.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * Invented text in several scripts, and the merges that Hugging Face tokenizers 0.23 finds in it
 * (made by benchmarks/interop/make_bpe_fixture.py).
 */
public final class TextFixture {

  static final int VOCAB_SIZE = 2048;

  private TextFixture() {}

  public static List<String> documents() {
    return List.of(resource("bpe.txt").split("\f"));
  }

  static List<String> expectedMerges() {
    return resource("bpe.merges").lines().toList();
  }

  static BpeModel trained() {
    BpeTrainer trainer = new BpeTrainer(VOCAB_SIZE);
    documents().forEach(trainer::add);
    return trainer.train(Progress.NONE);
  }

  /** Writes the trained tokenizer into a directory and loads it. */
  public static Tokenizer tokenizer(Path directory) {
    trained().write(directory);
    return Tokenizer.load(directory.resolve(TokenizerFile.NAME));
  }

  private static String resource(String name) {
    try (InputStream in = Objects.requireNonNull(TextFixture.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
