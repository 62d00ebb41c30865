package io.cambium.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenShardTest {

  @TempDir Path folder;

  private static TokenizerFile tokenizer(int vocabSize) {
    return new TokenizerFile(
        Path.of("tokenizer.json"), vocabSize, OptionalInt.of(0), OptionalInt.of(0), "ab12");
  }

  private Path shard() {
    return folder.resolve("java.safetensors");
  }

  @ParameterizedTest
  @ValueSource(ints = {257, 65_536, 65_537, 200_003})
  void readsBackWhatWasWritten(int vocabSize) {
    // More than the writer's buffer holds, and not a multiple of it.
    int[] document = IntStream.range(0, 600_011).map(i -> i % vocabSize).toArray();
    try (TokenShardWriter writer =
        TokenShardWriter.create(shard(), tokenizer(vocabSize), "java", Split.TRAIN)) {
      writer.append(document);
      writer.append(new int[] {vocabSize - 1});
      assertThat(writer.size()).isEqualTo(document.length + 3);
      writer.commit();
    }
    try (TokenShard shard = TokenShard.open(shard())) {
      assertThat(shard.size()).isEqualTo(document.length + 3);
      assertThat(shard.info()).isEqualTo(new ShardInfo("ab12", "java", Split.TRAIN, 2));
      long[] tokens = new long[document.length + 4];
      shard.copy(0, tokens, 1, (int) shard.size());
      assertThat(tokens)
          .isEqualTo(
              LongStream.concat(
                      LongStream.concat(LongStream.of(0), IntStream.of(document).asLongStream()),
                      LongStream.of(0, vocabSize - 1, 0))
                  .toArray());
    }
  }

  @Test
  void picksTheNarrowerType() {
    write(65_536);
    try (SafetensorsFile file = SafetensorsFile.open(shard())) {
      assertThat(file.data("tokens").byteSize()).isEqualTo(3 * Short.BYTES);
    }
    write(65_537);
    try (SafetensorsFile file = SafetensorsFile.open(shard())) {
      assertThat(file.data("tokens").byteSize()).isEqualTo(3 * Integer.BYTES);
    }
  }

  private void write(int vocabSize) {
    try (TokenShardWriter writer =
        TokenShardWriter.create(shard(), tokenizer(vocabSize), "java", Split.TRAIN)) {
      writer.append(new int[] {1, 2});
      writer.commit();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 300, 65_536})
  void refusesATokenBeyondTheVocabularyAndLeavesNothing(int id) throws IOException {
    assertThatThrownBy(
            () -> {
              try (TokenShardWriter writer =
                  TokenShardWriter.create(shard(), tokenizer(300), "java", Split.TRAIN)) {
                writer.append(new int[] {1});
                writer.append(new int[] {299, id});
                writer.commit();
              }
            })
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("document 2 has token " + id + ", beyond the vocabulary of 300");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void refusesATokenizerWithoutEndOfText() {
    TokenizerFile endless =
        new TokenizerFile(
            Path.of("tokenizer.json"), 300, OptionalInt.empty(), OptionalInt.empty(), "ab12");
    assertThatThrownBy(() -> TokenShardWriter.create(shard(), endless, "java", Split.TRAIN))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("no token that ends a document");
  }

  @Test
  void refusesToReadBeyondTheEnd() {
    write(300);
    try (TokenShard shard = TokenShard.open(shard())) {
      assertThatThrownBy(() -> shard.copy(2, new long[9], 0, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
