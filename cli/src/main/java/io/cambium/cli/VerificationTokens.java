package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.training.data.Tokenizer;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** A page of text in a model's own tokens, to compare what two models make of it. */
final class VerificationTokens {

  private static final String TEXT = "verification.txt";
  private static final int SEQUENCES = 2;
  private static final int LENGTH = 128;

  private VerificationTokens() {}

  /**
   * One batch, or none where the model has no tokenizer of its own.
   *
   * @throws io.cambium.checkpoint.CambiumException if the tokenizer is broken or does not fit
   */
  static List<TokenIds> of(CheckpointSource model) {
    Path tokenizer = model.directory().resolve("tokenizer.json");
    if (!Files.exists(tokenizer)) {
      return List.of();
    }
    try (Tokenizer loaded = Tokenizer.load(tokenizer);
        CheckpointDirectory checkpoint = CheckpointDirectory.open(model)) {
      loaded.requireFits(checkpoint.decoder().vocabSize(), model.path());
      int[] ids = loaded.encode(text());
      int length = Math.min(LENGTH, ids.length / SEQUENCES);
      long[] batch = Arrays.stream(ids).limit((long) SEQUENCES * length).asLongStream().toArray();
      return List.of(new TokenIds(SEQUENCES, length, batch));
    }
  }

  private static String text() {
    try (InputStream in =
        Objects.requireNonNull(VerificationTokens.class.getResourceAsStream(TEXT))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
