package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.template.JinjaTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a model wants to see a conversation: the template that a checkpoint brings, {@value
 * #FILE_NAME} or the {@code chat_template} of {@code tokenizer_config.json}, rendered as
 * transformers does in {@code apply_chat_template} with {@code add_generation_prompt}.
 *
 * <p>The text holds the special tokens, also the one that begins a text where the template writes
 * it: it is to be encoded without any added to it, as {@link Tokenizer#encode} does.
 */
public final class ChatTemplate {

  /** The file that transformers takes before the tokenizer's settings. */
  public static final String FILE_NAME = "chat_template.jinja";

  private static final String DEFAULT = "default";

  /** The tokens that transformers shows to a template. */
  private static final List<String> TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  /**
   * What somebody says.
   *
   * @param role such as {@code system}, {@code user} or {@code assistant}
   */
  public record Message(String role, String content) {}

  private final JinjaTemplate template;
  private final Map<String, String> tokens;

  private ChatTemplate(JinjaTemplate template, Map<String, String> tokens) {
    this.template = template;
    this.tokens = tokens;
  }

  /**
   * The chat template of a checkpoint.
   *
   * @throws UsageException if it brings none
   * @throws CheckpointException if it cannot be read, or uses what cannot be rendered here as
   *     transformers renders it
   */
  public static ChatTemplate load(Path directory) {
    Path config = directory.resolve(TokenizerFile.CONFIG_NAME);
    ObjectNode settings =
        Files.exists(config) ? Json.readObject(config) : Json.MAPPER.createObjectNode();
    Path file = directory.resolve(FILE_NAME);
    if (Files.exists(file)) {
      return of(read(file), file, tokens(settings));
    }
    String source =
        source(settings.path("chat_template"))
            .orElseThrow(() ->
                new UsageException(
                    directory,
                    "brings no chat template: neither "
                        + FILE_NAME
                        + " nor a chat_template in "
                        + TokenizerFile.CONFIG_NAME,
                    "take a model that was trained to chat, or write the whole text in --prompt"
                        + " without --chat"));
    return of(source, config, tokens(settings));
  }

  /**
   * A template from memory.
   *
   * @param place where it comes from, for messages
   * @param tokens the special tokens by their names, such as {@code bos_token}
   */
  static ChatTemplate of(String source, Path place, Map<String, String> tokens) {
    return new ChatTemplate(JinjaTemplate.parse(source, place), tokens);
  }

  /**
   * The text after which the model is to answer.
   *
   * @throws UsageException if the template refuses the messages, such as a system message for a
   *     model that knows none
   * @throws CheckpointException if the template comes to what cannot be rendered
   */
  public String render(List<Message> messages) {
    return render(messages, ZonedDateTime.now());
  }

  String render(List<Message> messages, ZonedDateTime now) {
    List<Map<String, String>> turns = new ArrayList<>();
    for (Message message : messages) {
      // In this order, which a template can see.
      Map<String, String> turn = new LinkedHashMap<>();
      turn.put("role", message.role());
      turn.put("content", message.content());
      turns.add(turn);
    }
    Map<String, Object> variables = new HashMap<>(tokens);
    variables.put("messages", turns);
    variables.put("add_generation_prompt", true);
    // There, but none, as in transformers.
    variables.put("tools", null);
    variables.put("documents", null);
    return template.render(variables, now);
  }

  private static Optional<String> source(JsonNode node) {
    if (node.isString()) {
      return Optional.of(node.asString());
    }
    return node.valueStream()
        .filter(named -> named.path("name").asString("").equals(DEFAULT))
        .map(named -> named.path("template").asString(""))
        .findFirst();
  }

  private static Map<String, String> tokens(ObjectNode settings) {
    Map<String, String> tokens = new HashMap<>();
    for (String name : TOKENS) {
      String text = TokenizerFile.token(settings, name);
      if (!text.isEmpty()) {
        tokens.put(name, text);
      }
    }
    return tokens;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }
}
