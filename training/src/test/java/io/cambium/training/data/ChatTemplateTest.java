package io.cambium.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.ChatTemplate.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The expectations are transformers' own: {@code benchmarks/interop/chat_check.py} writes them. */
class ChatTemplateTest {

  private static final Path RESOURCES = Path.of("src/test/resources/io/cambium/training/data/chat");
  private static final JsonNode EXPECTED = Json.readObject(RESOURCES.resolve("expected.json"));
  private static final ZonedDateTime NOW =
      LocalDateTime.parse(EXPECTED.path("now").asString()).atZone(ZoneOffset.UTC);

  @TempDir private Path directory;

  @TestFactory
  Stream<DynamicTest> rendersKnownTemplatesAsTransformersDoes() {
    return EXPECTED
        .path("templates")
        .propertyStream()
        .flatMap(template ->
            template
                .getValue()
                .propertyStream()
                .map(conversation ->
                    dynamicTest(
                        template.getKey() + ", " + conversation.getKey(),
                        () -> {
                          String source = Files.readString(RESOURCES.resolve(template.getKey()));
                          Optional<String> expected = text(conversation.getValue());
                          if (expected.isPresent()) {
                            assertThat(render(source, conversation.getKey()))
                                .isEqualTo(expected.get());
                          } else {
                            assertThatThrownBy(() -> render(source, conversation.getKey()))
                                .isInstanceOf(UsageException.class)
                                .hasMessageContaining("refuses the messages");
                          }
                        })));
  }

  /** Rendered as transformers does or refused: never otherwise. The refused ones are pinned. */
  @Test
  void rendersEveryConstructAsTransformersDoesOrRefusesIt() throws IOException {
    List<String> wrong = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    EXPECTED
        .path("constructs")
        .propertyStream()
        .forEach(construct -> {
          Optional<String> expected = text(construct.getValue());
          try {
            String text = render(construct.getKey(), "turns");
            if (!Optional.of(text).equals(expected)) {
              wrong.add(construct.getKey() + "\n  gave " + text + "\n  not " + expected);
            }
          } catch (CambiumException e) {
            assertThat(e).hasMessageContaining("place.jinja");
            if (expected.isPresent()) {
              refused.add(construct.getKey());
            }
          }
        });
    assertThat(wrong).isEmpty();
    assertThat(refused).isEqualTo(Files.readAllLines(RESOURCES.resolve("refused.txt")));
  }

  @Test
  void whatAUserSaysIsNeverATemplate() {
    String template = "{{ messages[0].content }}{% set x = messages[0].content %}{{ x }}";
    for (String text :
        List.of("{{ 7 * 7 }}", "{% for %}", "{# #}", "{{", "\\{{ 'a' }}", "{% raw %}")) {
      assertThat(chat(template).render(List.of(new Message("user", text)), NOW))
          .isEqualTo(text + text);
    }
  }

  @Test
  void namesTheConstructAndItsLine() {
    assertThatThrownBy(() -> chat("a\n\n{% include 'b' %}"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("place.jinja")
        .hasMessageContaining("the tag include (line 3)");
    assertThatThrownBy(() -> chat("{{ messages | pprint }}").render(List.of(), NOW))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("the filter pprint");
  }

  @Test
  void takesTheFileBeforeTheSettings() throws IOException {
    write(
        TokenizerFile.CONFIG_NAME,
        "{\"chat_template\": \"settings {{ bos_token }}\", "
            + "\"bos_token\": {\"content\": \"<b>\"}}");
    assertThat(ChatTemplate.load(directory).render(List.of())).isEqualTo("settings <b>");
    write(ChatTemplate.FILE_NAME, "file {{ bos_token }}{{ eos_token }}");
    assertThat(ChatTemplate.load(directory).render(List.of())).isEqualTo("file <b>");
  }

  @Test
  void takesTheDefaultOfSeveral() throws IOException {
    write(
        TokenizerFile.CONFIG_NAME,
        "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"},"
            + " {\"name\": \"default\", \"template\": \"d\"}]}");
    assertThat(ChatTemplate.load(directory).render(List.of())).isEqualTo("d");
  }

  @Test
  void saysWhereItLookedForATemplate() throws IOException {
    assertThatThrownBy(() -> ChatTemplate.load(directory))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("chat_template.jinja");
    write(
        TokenizerFile.CONFIG_NAME,
        "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"}]}");
    assertThatThrownBy(() -> ChatTemplate.load(directory)).isInstanceOf(UsageException.class);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private static String render(String source, String conversation) {
    List<Message> messages =
        EXPECTED
            .path("conversations")
            .path(conversation)
            .valueStream()
            .map(m -> new Message(m.path("role").asString(), m.path("content").asString()))
            .toList();
    return chat(source).render(messages, NOW);
  }

  private static ChatTemplate chat(String source) {
    Map<String, String> tokens = new TreeMap<>();
    EXPECTED
        .path("tokens")
        .propertyStream()
        .forEach(t -> tokens.put(t.getKey(), t.getValue().asString()));
    return ChatTemplate.of(source, Path.of("place.jinja"), tokens);
  }

  private static Optional<String> text(JsonNode node) {
    return node.isNull() ? Optional.empty() : Optional.of(node.asString());
  }
}
