package io.cambium.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The header of a safetensors file: a little-endian length, then JSON, then the data (format of
 * safetensors 0.8).
 *
 * @param tensors entries by name, in the order of their data
 * @param metadata the free-form strings under {@code __metadata__}
 * @param dataOffset where the data begins in the file
 * @param dataBytes length of the data
 */
record SafetensorsHeader(
    Map<String, TensorEntry> tensors,
    Map<String, String> metadata,
    long dataOffset,
    long dataBytes) {

  /** The key that is no tensor. */
  static final String METADATA = "__metadata__";

  /** Bytes of the JSON's length, before the JSON. */
  static final int LENGTH_BYTES = Long.BYTES;

  private static final ObjectWriter COMPACT =
      Json.MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT);

  SafetensorsHeader {
    tensors = Collections.unmodifiableMap(tensors);
    metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Lays out tensors as the reference writer does: larger elements first so that each is aligned,
   * then by name in byte order. Metadata is in key order, where the reference has none.
   */
  static SafetensorsHeader layout(List<TensorSpec> specs, Map<String, String> metadata) {
    List<TensorSpec> ordered =
        specs.stream()
            .sorted(
                Comparator.comparing(TensorSpec::dtype)
                    .reversed()
                    .thenComparing(spec -> utf8(spec.name()), Arrays::compareUnsigned))
            .toList();
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    long offset = 0;
    for (TensorSpec spec : ordered) {
      TensorEntry entry = new TensorEntry(spec, offset, Math.addExact(offset, spec.bytes()));
      if (spec.name().equals(METADATA) || tensors.put(spec.name(), entry) != null) {
        throw new IllegalArgumentException("a name for one tensor only: " + spec.name());
      }
      offset = entry.end();
    }
    Map<String, String> sorted = new TreeMap<>(metadata);
    long dataOffset = LENGTH_BYTES + json(tensors, sorted).length;
    return new SafetensorsHeader(tensors, sorted, dataOffset, offset);
  }

  /** Length, JSON and padding: everything before the data. */
  ByteBuffer encode() {
    byte[] json = json(tensors, metadata);
    return ByteBuffer.allocate(LENGTH_BYTES + json.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .flip();
  }

  private static byte[] json(Map<String, TensorEntry> tensors, Map<String, String> metadata) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = root.putObject(METADATA);
      metadata.forEach(node::put);
    }
    for (TensorEntry entry : tensors.values()) {
      ObjectNode node = root.putObject(entry.spec().name());
      node.put("dtype", entry.spec().dtype().name());
      ArrayNode shape = node.putArray("shape");
      entry.spec().shape().forEach(shape::add);
      node.putArray("data_offsets").add(entry.begin()).add(entry.end());
    }
    byte[] compact = utf8(COMPACT.writeValueAsString(root));
    // Padded with spaces to a multiple of 8, so that the data begins aligned.
    byte[] padded = Arrays.copyOf(compact, (compact.length + 7) / 8 * 8);
    Arrays.fill(padded, compact.length, padded.length, (byte) ' ');
    return padded;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
