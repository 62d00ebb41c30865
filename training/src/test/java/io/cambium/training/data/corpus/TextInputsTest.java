package io.cambium.training.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextInputsTest {

  private static final TextFormat WHOLE_FILES = new TextFormat("text", OptionalInt.empty());

  @TempDir Path folder;

  private Path write(String name, String content) throws IOException {
    return write(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private Path write(String name, byte[] content) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, content);
  }

  private static List<String> documents(TextFormat format, Path file) {
    try (Stream<String> documents = format.documents(file)) {
      return documents.toList();
    }
  }

  private static TextFormat lines(int count) {
    return new TextFormat("text", OptionalInt.of(count));
  }

  @Test
  void aTextFileIsADocumentOrSoManyLinesAre() throws IOException {
    Path file = write("a.txt", "\uFEFFone\r\ntwo\n\nfour\nfive");
    assertThat(documents(WHOLE_FILES, file)).containsExactly("one\r\ntwo\n\nfour\nfive");
    assertThat(documents(lines(1), file)).containsExactly("one", "two", "four", "five");
    assertThat(documents(lines(2), file)).containsExactly("one\ntwo", "\nfour", "five");
    assertThat(documents(WHOLE_FILES, write("blank.txt", " \n"))).isEmpty();
  }

  @Test
  void linesCrossTheBuffer() throws IOException {
    String longLine = "αβγ".repeat(50_000);
    Path file = write("long.txt", longLine + "\n" + longLine + "\nend\n");
    assertThat(documents(lines(1), file)).containsExactly(longLine, longLine, "end");
  }

  @Test
  void jsonLinesHoldADocumentEach() throws IOException {
    Path file =
        write(
            "a.JSONL", "{\"text\": \"a\\nb\", \"id\": 1}\n\n{\"text\": \"\"}\r\n{\"text\": \"c\"}");
    assertThat(documents(WHOLE_FILES, file)).containsExactly("a\nb", "c");
    Path other = write("b.jsonl", "{\"body\": \"x\"}");
    assertThat(documents(new TextFormat("body", OptionalInt.empty()), other)).containsExactly("x");
  }

  private void assertRefused(TextFormat format, Path file, String... fragments) {
    assertThatThrownBy(() -> documents(format, file))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(file.getFileName().toString())
        .hasMessageContainingAll(fragments);
  }

  @Test
  void brokenJsonLinesAreNamed() throws IOException {
    assertRefused(
        WHOLE_FILES, write("a.jsonl", "{\"text\": \"a\"}\n{\"text\""), "line 2", "not valid JSON");
    assertRefused(
        WHOLE_FILES,
        write("b.jsonl", "{\"body\": 1, \"id\": 2}"),
        "line 1",
        "no string under \"text\"",
        "body, id",
        "--text-key");
    assertRefused(WHOLE_FILES, write("c.jsonl", "{\"text\": \"\\ud83c\"}"), "line 1", "surrogate");
  }

  @Test
  void bytesThatAreNoUtf8AreNamed() throws IOException {
    byte[] latin1 = "first\nse\u00E9cond".getBytes(StandardCharsets.ISO_8859_1);
    assertRefused(WHOLE_FILES, write("a.txt", latin1), "not UTF-8 at byte 8", "iconv");
    assertRefused(lines(1), write("a.txt", latin1), "not UTF-8 at byte 8");
    assertRefused(WHOLE_FILES, write("a.jsonl", latin1), "line 1", "not valid JSON");
    byte[] cut = {'a', (byte) 0xCE};
    assertRefused(WHOLE_FILES, write("cut.txt", cut), "not UTF-8 at byte 1");
  }

  @Test
  void documentsBeyondTheLimitAreRefused() throws IOException {
    Path file = write("long.txt", new byte[(int) Utf8.MAX_DOCUMENT_BYTES + 1]);
    assertRefused(WHOLE_FILES, file, "more than 16 MiB", "--lines N");
    assertRefused(lines(1), file, "more than 16 MiB");
  }

  @Test
  void filesAreSortedIntoDomains() throws IOException {
    write("in/b/deep/2.txt", "two");
    write("in/b/10.txt", "ten");
    write("in/a/1.jsonl", "{\"text\": \"one\"}");
    write("in/loose.txt", "loose");
    write("in/a/picture.png", "x");
    TextInputs inputs = new TextInputs();
    inputs.add(folder.resolve("in"), Optional.empty());
    inputs.add(write("single.txt", "single"), Optional.of("b"));
    assertThat(inputs.leftOut()).isEqualTo(1);
    List<DomainSource> sources = inputs.sources(WHOLE_FILES);
    assertThat(sources).extracting(DomainSource::domain).containsExactly("a", "b", "text");
    try (Stream<String> documents = sources.get(1).documents()) {
      assertThat(documents).containsExactly("ten", "two", "single");
    }
  }

  @Test
  void inputsThatAreNoTextAreRefused() throws IOException {
    TextInputs inputs = new TextInputs();
    Path none = folder.resolve("none");
    assertThatThrownBy(() -> inputs.add(none, Optional.empty()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("no such file");
    Path picture = write("pictures/a.png", "x");
    assertThatThrownBy(() -> inputs.add(picture, Optional.empty()))
        .hasMessageContaining("neither .txt nor .jsonl");
    assertThatThrownBy(() -> inputs.add(folder.resolve("pictures"), Optional.empty()))
        .hasMessageContaining("holds no .txt or .jsonl file");
  }
}
