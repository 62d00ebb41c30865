package io.cambium.checkpoint.family;

import io.cambium.checkpoint.Json;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Where two decoders differ, in words. */
final class SpecDifference {

  private SpecDifference() {}

  /** The first value of one that the other has not, such as {@code layers[3] rope null}. */
  static String first(DecoderSpec wanted, DecoderSpec other) {
    return first("", Json.MAPPER.valueToTree(wanted), Json.MAPPER.valueToTree(other));
  }

  private static String first(String place, JsonNode wanted, JsonNode other) {
    for (Map.Entry<String, JsonNode> entry : wanted.properties()) {
      JsonNode there = other.path(entry.getKey());
      if (!entry.getValue().equals(there)) {
        return first(place + " " + entry.getKey(), entry.getValue(), there);
      }
    }
    for (int i = 0; i < wanted.size() && wanted.isArray(); i++) {
      if (!wanted.path(i).equals(other.path(i))) {
        return first(place + "[" + i + "]", wanted.path(i), other.path(i));
      }
    }
    return place.strip() + " " + wanted + (other.isMissingNode() ? "" : ", but " + other);
  }
}
