package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
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
   * @throws CheckpointException if the model or its tokenizer is broken, or they do not fit
   */
  static List<TokenIds> of(CheckpointSource model) {
    Path tokenizer = model.directory().resolve("tokenizer.json");
    if (!Files.exists(tokenizer)) {
      return List.of();
    }
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(model)) {
      return List.of(batch(tokenizer, checkpoint.decoder().vocabSize(), model.path()));
    }
  }

  private static TokenIds batch(Path tokenizer, int vocabSize, Path model) {
    try (Tokenizer loaded = Tokenizer.load(tokenizer)) {
      loaded.requireFits(vocabSize, model);
      int[] ids = loaded.encode(text());
      int length = Math.min(LENGTH, ids.length / SEQUENCES);
      long[] batch = Arrays.stream(ids).limit((long) SEQUENCES * length).asLongStream().toArray();
      return new TokenIds(SEQUENCES, length, batch);
    } catch (CheckpointException e) {
      throw new CheckpointException(
          null,
          String.valueOf(e.getMessage()),
          "or leave the comparison of logits out with --verify bytes",
          e);
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
