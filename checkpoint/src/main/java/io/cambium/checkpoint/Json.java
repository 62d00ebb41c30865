package io.cambium.checkpoint;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON as strict as a checkpoint deserves: no duplicate key, no unknown field, no number out of a
 * string, and every component of a record present unless its type is {@code @Nullable}.
 */
public final class Json {

  /** The one mapper of the project. */
  public static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .annotationIntrospector(new NullableIntrospector())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          // A record is its components. What else it can be asked is no part of it, and would come
          // in the order of reflection, which differs from one process to the next.
          .changeDefaultVisibility(visibility -> visibility.withIsGetterVisibility(Visibility.NONE))
          // As other writers of JSON do: "a/b" and "\\u001f".
          .disable(JsonWriteFeature.ESCAPE_FORWARD_SLASHES)
          .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private Json() {}

  /**
   * Reads a file that holds one JSON object.
   *
   * @throws CheckpointException if the file is missing, is not JSON, or holds something else
   */
  public static ObjectNode readObject(Path file) {
    try {
      JsonNode node = MAPPER.readTree(Files.readAllBytes(file));
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new CheckpointException(file, "holds no JSON object", null);
    } catch (JacksonException e) {
      throw new CheckpointException(file, "is not valid JSON: " + e.getOriginalMessage(), null, e);
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  /** Indented JSON with a final newline. */
  public static byte[] bytes(Object value) {
    byte[] json = MAPPER.writeValueAsBytes(value);
    byte[] line = Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    return line;
  }
}
