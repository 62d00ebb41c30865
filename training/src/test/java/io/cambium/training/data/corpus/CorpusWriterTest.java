package io.cambium.training.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TextFixture;
import io.cambium.training.data.TokenShard;
import io.cambium.training.data.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusWriterTest {

  private static final Vocabulary SMALL = new Vocabulary.Trained(512, true);

  @TempDir Path folder;

  private static DomainSource source(String domain, List<String> documents) {
    return new CappedSource(domain, "invented", documents);
  }

  private static List<DomainSource> twoDomains() {
    List<String> all = TextFixture.documents();
    return List.of(
        source("north", all.subList(0, 170)), source("south", all.subList(170, all.size())));
  }

  private static CorpusWriter writer(List<DomainSource> sources, Vocabulary vocabulary) {
    return new CorpusWriter(sources, vocabulary, 0.05, 1, Progress.NONE);
  }

  private CorpusFacts write(Path target) {
    return writer(twoDomains(), SMALL).write(target, false);
  }

  /** The documents of a shard, decoded. */
  private static List<String> documents(TokenShard shard, Tokenizer tokenizer) {
    long[] tokens = new long[Math.toIntExact(shard.size())];
    shard.copy(0, tokens, 0, tokens.length);
    List<String> documents = new ArrayList<>();
    int begin = 0;
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] == 0) {
        int[] ids = Arrays.stream(tokens, begin, i).mapToInt(Math::toIntExact).toArray();
        documents.add(tokenizer.decode(ids));
        begin = i + 1;
      }
    }
    assertThat(begin).as("the last document ends with end of text").isEqualTo(tokens.length);
    return documents;
  }

  @Test
  void everyDocumentIsInExactlyOneSplit() {
    Path target = folder.resolve("corpus");
    CorpusFacts facts = write(target);
    try (Corpus corpus = Corpus.open(target);
        Tokenizer tokenizer = Tokenizer.load(target.resolve("tokenizer.json"))) {
      assertThat(corpus.domains())
          .extracting(Corpus.Domain::name)
          .containsExactly("north", "south");
      for (Corpus.Domain domain : corpus.domains()) {
        List<String> train = documents(domain.train(), tokenizer);
        List<String> validation = documents(domain.validation(), tokenizer);
        assertThat(train).isNotEmpty().doesNotContainAnyElementsOf(validation);
        DomainSource source = twoDomains().get(domain.name().equals("north") ? 0 : 1);
        assertThat(Stream.concat(train.stream(), validation.stream()))
            .containsExactlyInAnyOrderElementsOf(source.documents().toList());
        CorpusFacts.DomainFacts told = Objects.requireNonNull(facts.domains().get(domain.name()));
        assertThat(told.train().tokens()).isEqualTo(domain.train().size());
        assertThat(told.train().documents()).isEqualTo(train.size());
        assertThat(told.validation().documents()).isEqualTo(domain.validation().info().documents());
      }
    }
  }

  @Test
  void theSameTextGivesTheSameBytes() throws IOException {
    write(folder.resolve("one"));
    write(folder.resolve("two"));
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder.resolve("one"))) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    assertThat(files)
        .extracting(file -> folder.resolve("one").relativize(file).toString().replace('\\', '/'))
        .containsExactlyInAnyOrder(
            "corpus.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer-text.jsonl",
            "train/north.safetensors",
            "train/south.safetensors",
            "validation/north.safetensors",
            "validation/south.safetensors");
    for (Path file : files) {
      assertThat(folder.resolve("two").resolve(folder.resolve("one").relativize(file)))
          .hasSameBinaryContentAs(file);
    }
  }

  @Test
  void takesATokenizerThatExists() {
    Path first = folder.resolve("first");
    write(first);
    Path target = folder.resolve("second");
    Vocabulary existing = new Vocabulary.Existing(first.resolve("tokenizer.json"));
    writer(twoDomains().subList(0, 1), existing).write(target, false);
    assertThat(target.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(first.resolve("tokenizer.json"));
    assertThat(target.resolve("train").resolve("north.safetensors"))
        .hasSameBinaryContentAs(first.resolve("train").resolve("north.safetensors"));
  }

  @Test
  void refusesAnExistingTargetAndReplacesItWhenTold() {
    Path target = folder.resolve("corpus");
    write(target);
    assertThatThrownBy(() -> write(target))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--overwrite");
    writer(twoDomains().subList(0, 1), SMALL).write(target, true);
    assertThat(target.resolve("train").resolve("south.safetensors")).doesNotExist();
  }

  @Test
  void leavesNothingWhenItFails() {
    List<String> bad = List.of("first text", "second text", "third\uD83C");
    Path target = folder.resolve("corpus");
    assertThatThrownBy(
            () -> {
              List<DomainSource> sources = List.of(twoDomains().getFirst(), source("bad", bad));
              writer(sources, new Vocabulary.Trained(300, false)).write(target, false);
            })
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("surrogate");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void refusesADomainThatCannotBeSplit() {
    assertThatThrownBy(() ->
            writer(List.of(source("one", List.of("alone"))), SMALL)
                .write(folder.resolve("c"), false))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll("domain one", "split would be empty", "give more documents");
    assertThatThrownBy(() ->
            writer(List.of(source("none", List.of())), SMALL).write(folder.resolve("c"), false))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("holds no text");
  }

  @Test
  void refusesWhatCannotBeAsked() {
    List<DomainSource> one = List.of(source("one", List.of("a", "b")));
    assertThatThrownBy(() -> new CorpusWriter(one, SMALL, 0, 1, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("between 0 and 1");
    assertThatThrownBy(() -> writer(List.of(source("../up", List.of("a"))), SMALL))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("cannot be the name of a file");
    assertThatThrownBy(() -> writer(List.of(one.getFirst(), one.getFirst()), SMALL))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("given twice");
    assertThatThrownBy(() -> new Vocabulary.Existing(folder.resolve("tokenizer.json")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("tokenizer.json");
  }

  @Test
  void aDomainKeepsItsSplitWhenItGrows() {
    List<String> documents =
        IntStream.range(0, 4000).mapToObj(i -> "document " + i + " ".repeat(500)).toList();
    Survey part = Survey.of(source("d", documents.subList(0, 3900)), 0.2);
    Survey all = Survey.of(source("d", documents), 0.2);
    assertThat(all.validationLimit()).isEqualTo(part.validationLimit()).isBetween(0.2, 0.2001);
    assertThat((double) all.validationBytes() / all.bytes()).isBetween(0.18, 0.22);
  }

  @Test
  void aSmallDomainHoldsOutMore() {
    List<String> documents =
        IntStream.range(0, 1000).mapToObj(i -> "document " + i + " ".repeat(500)).toList();
    Survey survey = Survey.of(source("d", documents), 0.05);
    assertThat(survey.validationBytes()).isBetween(96_000L, 97_000L);
    Survey tiny = Survey.of(source("d", documents.subList(0, 10)), 0.05);
    assertThat(tiny.validationBytes()).isBetween(tiny.bytes() / 5, tiny.bytes() * 2 / 5);
  }
}
