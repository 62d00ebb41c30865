package io.cambium.fuzz;

import io.cambium.checkpoint.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.DoubleNode;
import tools.jackson.databind.node.LongNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON out of any bytes. What begins with a brace is taken as it is; all else is read as edits of
 * an example, so that most inputs are well-formed, with a few things wrong in places that matter.
 */
final class EditedJson {

  /** What readers may not expect. */
  private static final String ODD_VALUES =
      """
      [null, true, false, 0, 1, -1, 2, 3, 7, 255, 65535, 65536, 16384, 2147483647, 2147483648,
       -2147483648, 9223372036854775807, 9223372036854775808, 1e999, 1e308, -1e308, 1e-320, 0.5,
       1.5, "", "..", "../x", "/x", "a\\u0000b", "\\ud800", "NaN", [], [[]], {}, [0], [1, 1],
       [2147483647, 2147483647], {"": 0}]\
      """;

  private static final int MOST_EDITS = 32;

  private final List<ObjectNode> examples;
  private final List<JsonPointer> places;
  private final List<JsonNode> values;

  EditedJson(List<ObjectNode> examples) {
    this.examples = List.copyOf(examples);
    Set<JsonPointer> everyPlace = new LinkedHashSet<>();
    Set<JsonNode> everyValue = new LinkedHashSet<>();
    Json.MAPPER.readTree(ODD_VALUES).forEach(everyValue::add);
    for (ObjectNode example : examples) {
      collect(example, JsonPointer.empty(), everyPlace, everyValue);
    }
    this.places = List.copyOf(everyPlace);
    this.values = List.copyOf(everyValue);
  }

  /** Of examples as text. */
  static EditedJson ofTexts(String... examples) {
    return new EditedJson(
        Arrays.stream(examples).map(text -> (ObjectNode) Json.MAPPER.readTree(text)).toList());
  }

  private static void collect(
      JsonNode node, JsonPointer at, Set<JsonPointer> everyPlace, Set<JsonNode> everyValue) {
    node.properties()
        .forEach(entry -> {
          JsonPointer place = at.appendProperty(entry.getKey());
          everyPlace.add(place);
          everyValue.add(entry.getValue());
          collect(entry.getValue(), place, everyPlace, everyValue);
        });
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      everyPlace.add(at.appendIndex(i));
      collect(node.get(i), at.appendIndex(i), everyPlace, everyValue);
    }
  }

  /** Inputs to begin with: every example, as it is and as the start of edits. */
  Stream<Arguments> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      seeds.add(Json.MAPPER.writeValueAsBytes(examples.get(i)));
      seeds.add(new byte[] {(byte) i});
      seeds.add(new byte[] {(byte) i, (byte) i, 0, 1, 0, 0});
    }
    return seeds.stream().map(seed -> Arguments.of((Object) seed));
  }

  /** Which example an input edits; the first if it edits none. */
  int example(byte[] input) {
    return isText(input) ? 0 : Byte.toUnsignedInt(input[0]) % examples.size();
  }

  private static boolean isText(byte[] input) {
    return input.length == 0 || input[0] == '{';
  }

  /** The JSON that an input stands for. */
  byte[] of(byte[] input) {
    if (isText(input)) {
      return input;
    }
    ObjectNode document = examples.get(example(input)).deepCopy();
    ByteBuffer edits = ByteBuffer.wrap(input).position(1);
    for (int i = 0; i < MOST_EDITS && edits.remaining() >= 3; i++) {
      edit(document, edits);
    }
    return document.toString().getBytes(StandardCharsets.UTF_8);
  }

  private void edit(ObjectNode document, ByteBuffer edits) {
    JsonPointer place = places.get(Short.toUnsignedInt(edits.getShort()) % places.size());
    JsonNode parent = document.at(place.head());
    String name = place.last().getMatchingProperty();
    int index = place.last().getMatchingIndex();
    JsonNode value = value(edits);
    if (parent instanceof ObjectNode object) {
      object.set(name, value);
      if (value.isMissingNode()) {
        object.remove(name);
      }
    } else if (parent instanceof ArrayNode array && index >= 0 && index < array.size()) {
      array.set(index, value.isMissingNode() ? array.nullNode() : value);
    }
  }

  /** What to put there; a missing node to take away what is. */
  private JsonNode value(ByteBuffer edits) {
    return switch (edits.get() & 7) {
      case 0 -> MissingNode.getInstance();
      case 1 -> LongNode.valueOf(number(edits));
      case 2 -> DoubleNode.valueOf(Double.longBitsToDouble(number(edits)));
      default -> values.get(index(edits, values.size())).deepCopy();
    };
  }

  private static int index(ByteBuffer edits, int size) {
    return edits.remaining() < 2 ? 0 : Short.toUnsignedInt(edits.getShort()) % size;
  }

  private static long number(ByteBuffer edits) {
    return switch (edits.remaining()) {
      case 0 -> 0;
      case 1, 2, 3 -> edits.get();
      case 4, 5, 6, 7 -> edits.getInt();
      default -> edits.getLong();
    };
  }
}
