package io.cambium.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {

  @TempDir Path folder;

  @BeforeEach
  void writeTokenizer() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"added_tokens": [{"id": 0, "content": "<|endoftext|>"}],
         "model": {"type": "BPE", "vocab": {"<|endoftext|>": 0, "a": 1, "b": 2}}}
        """);
  }

  private void write(String domain, Split split) throws IOException {
    write(Corpus.shardPath(folder, split, domain), domain, split);
  }

  private void write(Path path, String domain, Split split) throws IOException {
    Files.createDirectories(path.getParent());
    TokenizerFile tokenizer = TokenizerFile.read(folder.resolve("tokenizer.json"));
    try (TokenShardWriter writer = TokenShardWriter.create(path, tokenizer, domain, split)) {
      writer.append(new int[] {1, 2, 2});
      writer.commit();
    }
  }

  @Test
  void listsDomainsInTheOrderOfTheirNames() throws IOException {
    for (String domain : new String[] {"legal", "euro-el", "java"}) {
      write(domain, Split.TRAIN);
      write(domain, Split.VALIDATION);
    }
    try (Corpus corpus = Corpus.open(folder)) {
      assertThat(corpus.domains())
          .extracting(Corpus.Domain::name)
          .containsExactly("euro-el", "java", "legal");
      assertThat(corpus.domains()).allMatch(domain -> domain.train().size() == 4);
      assertThat(corpus.tokenizer().vocabSize()).isEqualTo(3);
      assertThat(corpus.tokenizer().endOfText()).hasValue(0);
    }
  }

  private void assertRefused(String... fragments) {
    assertThatThrownBy(() -> Corpus.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll(fragments)
        .hasMessageContaining("->");
  }

  @Test
  void refusesADomainWithoutValidation() throws IOException {
    write("java", Split.TRAIN);
    assertRefused("validation", "lacks this split");
    write("legal", Split.VALIDATION);
    assertRefused("legal.safetensors", "no train split");
    write("legal", Split.TRAIN);
    assertRefused("java.safetensors", "no validation split");
  }

  @Test
  void refusesShardsOfAnotherTokenizer() throws IOException {
    write("java", Split.TRAIN);
    write("java", Split.VALIDATION);
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"a\": 0}}}");
    assertRefused("java.safetensors", "another tokenizer");
  }

  @Test
  void refusesAShardUnderAnotherName() throws IOException {
    write(Corpus.shardPath(folder, Split.TRAIN, "java"), "java", Split.TRAIN);
    write(Corpus.shardPath(folder, Split.VALIDATION, "java"), "java", Split.TRAIN);
    assertRefused("holds the train split of \"java\"");
  }

  @Test
  void refusesADirectoryThatIsNoCorpus() throws IOException {
    assertThatThrownBy(() -> Corpus.open(folder.resolve("none")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("no such directory");
    Files.createDirectories(folder.resolve("train"));
    assertRefused("holds no token shard");
    Files.delete(folder.resolve("tokenizer.json"));
    assertThatThrownBy(() -> Corpus.open(folder)).hasMessageContaining("tokenizer.json");
  }
}
