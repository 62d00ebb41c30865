package io.cambium.training.data.corpus;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * How a user's files hold documents: a {@code .txt} file is one, or every so many of its lines are;
 * a {@code .jsonl} file has one in every line.
 *
 * @param textKey where a line's JSON object has the document
 * @param linesPerDocument lines of a {@code .txt} file that make a document; absent for the file
 */
public record TextFormat(String textKey, OptionalInt linesPerDocument) {

  private static final String TEXT_SUFFIX = ".txt";
  private static final String JSON_LINES_SUFFIX = ".jsonl";

  /**
   * @throws UsageException if a document would have no lines
   */
  public TextFormat {
    if (linesPerDocument.isPresent() && linesPerDocument.getAsInt() < 1) {
      throw new UsageException(
          "--lines " + linesPerDocument.getAsInt(), "makes no documents", "take 1 or more");
    }
  }

  /** Whether the file is named as one that can be read. */
  static boolean knows(Path file) {
    String name = lowerCaseName(file);
    return name.endsWith(TEXT_SUFFIX) || name.endsWith(JSON_LINES_SUFFIX);
  }

  /**
   * The documents of a file; blank ones are none. The caller closes the stream; reading it throws
   * {@link UsageException} where the file breaks the format.
   */
  Stream<String> documents(Path file) {
    Stream<String> documents;
    if (lowerCaseName(file).endsWith(JSON_LINES_SUFFIX)) {
      documents =
          Utf8Lines.of(file).filter(line -> !line.text().isBlank()).map(line -> text(line, file));
    } else if (linesPerDocument.isPresent()) {
      documents =
          Utf8Lines.of(file)
              .map(Utf8Lines.Line::text)
              .gather(Gatherers.windowFixed(linesPerDocument.getAsInt()))
              .map(lines -> String.join("\n", lines));
    } else {
      documents = Stream.of(wholeText(file));
    }
    return documents.filter(document -> !document.isBlank());
  }

  private static String lowerCaseName(Path file) {
    return file.getFileName().toString().toLowerCase(Locale.ROOT);
  }

  private static String wholeText(Path file) {
    try {
      Utf8.requireShort(file, Files.size(file));
      return Utf8.decode(Files.readAllBytes(file), file, 0);
    } catch (IOException e) {
      throw Utf8Lines.unreadable(file, e);
    }
  }

  private String text(Utf8Lines.Line line, Path file) {
    String place = file + ", line " + line.number();
    JsonNode json = parse(line, place);
    JsonNode text = json.path(textKey);
    if (!text.isString()) {
      throw new UsageException(
          place,
          "has no string under \""
              + textKey
              + "\", but "
              + json.propertyStream().map(e -> e.getKey()).collect(Collectors.joining(", ")),
          "name the key with --text-key");
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text.asString())) {
      throw new UsageException(place, "holds half of a surrogate pair", "repair the text");
    }
    return text.asString();
  }

  private static JsonNode parse(Utf8Lines.Line line, String place) {
    try {
      return Json.MAPPER.readTree(line.text());
    } catch (JacksonException e) {
      throw new UsageException(
          place,
          "is not valid JSON: " + e.getOriginalMessage(),
          "every line of a .jsonl file is one JSON object",
          e);
    }
  }
}
