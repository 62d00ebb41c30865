package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GenerateCommandTest {

  private static final String TOKENIZER =
      """
      {"added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": true, "single_word": false,
          "lstrip": false, "rstrip": false, "normalized": false}],
       "model": {"type": "WordLevel", "unk_token": "a", "vocab": {"<|endoftext|>": 0, "a": 1, "b": 2}}}
      """;

  @TempDir private Path temporary;
  private Path model = Path.of("");
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void init() throws IOException {
    Path tokenizer = Files.writeString(temporary.resolve("tokenizer.json"), TOKENIZER);
    model = temporary.resolve("model");
    String[] args = {
      "init", model.toString(), "--hidden", "16", "--tokenizer", tokenizer.toString()
    };
    assertThat(run(args)).isZero();
  }

  @Test
  void printsTheAnswerAlone() throws IOException {
    Files.writeString(model.resolve("chat_template.jinja"), "{{ messages[0].content }} b");
    String whole = generate("--prompt", "a b", "--max-tokens", "5");
    String answer = generate("--prompt", "a", "--max-tokens", "5", "--chat");
    assertThat(whole).isEqualTo("a b" + answer);
  }

  /** Not around what a chat template wrote, nor a second time where the prompt spells it out. */
  @Test
  void theTokenThatBeginsATextStandsBeforeThePrompt() throws IOException {
    String whole = generate("--prompt", "b a", "--max-tokens", "5");
    Files.writeString(
        model.resolve("tokenizer.json"),
        """
        %s, "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "b", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [], "special_tokens": {"b": {"id": "b", "ids": [2], "tokens": ["b"]}}}}
        """
            .formatted(TOKENIZER.strip().replaceFirst("}$", "")));
    Files.writeString(model.resolve("tokenizer_config.json"), "{\"bos_token\": \"b\"}");
    assertThat("b " + generate("--prompt", "a", "--max-tokens", "5")).isEqualTo(whole);
    assertThat(generate("--prompt", "b a", "--max-tokens", "5")).isEqualTo(whole);
    Files.writeString(model.resolve("chat_template.jinja"), "b {{ messages[0].content }}");
    String answer = generate("--prompt", "a", "--max-tokens", "5", "--chat");
    assertThat("b a" + answer).isEqualTo(whole);
  }

  @Test
  void theSystemMessageStandsFirst() throws IOException {
    Files.writeString(
        model.resolve("chat_template.jinja"),
        "{{ raise_exception(messages[0].role ~ messages[0].content ~ messages[1].content) }}");
    assertThat(run(command("--prompt", "x", "--chat", "--system", "y"))).isEqualTo(2);
    assertThat(err.toString()).contains("chat_template.jinja", "systemyx");
  }

  @Test
  void theGenerationEndsAtAnyEndToken() throws IOException {
    Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": [0, 1, 2]}");
    assertThat(generate("--prompt", "a")).isEqualTo("a\n");
  }

  @Test
  void saysItsSpeedOnStandardError() {
    String without = generate("--prompt", "a b", "--max-tokens", "1");
    assertThat(err.toString()).isEmpty();
    assertThat(generate("--prompt", "a b", "--max-tokens", "1", "--stats")).isEqualTo(without);
    assertThat(err.toString()).contains("prompt: ", "tokens/s", "generated: nothing to time");
  }

  @Test
  void refusesWhatWouldHaveNoEffect() {
    assertThat(run(command("--prompt", "a", "--system", "b"))).isEqualTo(2);
    assertThat(err.toString()).contains("--chat");
    assertThat(run(command("--prompt", "a", "--top-p", "0.5"))).isEqualTo(2);
    assertThat(err.toString()).contains("--temperature");
    assertThat(run(command("--prompt", "a", "--top-k", "5"))).isEqualTo(2);
    assertThat(run(command("--prompt", "a", "--chat"))).isEqualTo(2);
    assertThat(err.toString()).contains("brings no chat template");
  }

  private String generate(String... args) {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      assertThat(run(command(args))).as(err.toString()).isZero();
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private String[] command(String... args) {
    List<String> all = new ArrayList<>(List.of("generate", model.toString()));
    all.addAll(List.of(args));
    return all.toArray(String[]::new);
  }

  private int run(String... args) {
    CommandLine command = Cambium.commandLine(new Cambium());
    command.setErr(new PrintWriter(err, true));
    command.setOut(new PrintWriter(new StringWriter()));
    return command.execute(args);
  }
}
