package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
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

  /** The format's own limit on the JSON's length. */
  static final long MAX_JSON_BYTES = 100_000_000;

  private static final String METADATA = "__metadata__";
  private static final int LENGTH_BYTES = Long.BYTES;

  /** Reads and checks the header of an open file. */
  static SafetensorsHeader read(FileChannel channel, Path path) throws IOException {
    long fileBytes = channel.size();
    if (fileBytes < LENGTH_BYTES) {
      throw malformed(path, "is " + fileBytes + " bytes long, too short for a header");
    }
    long jsonBytes = readFully(channel, 0, LENGTH_BYTES).getLong();
    // Checked before anything is allocated: the length is whatever the file says.
    if (jsonBytes < 2 || jsonBytes > Math.min(MAX_JSON_BYTES, fileBytes - LENGTH_BYTES)) {
      throw malformed(
          path,
          "claims a header of "
              + Long.toUnsignedString(jsonBytes)
              + " bytes in a file of "
              + fileBytes
              + " (at most "
              + MAX_JSON_BYTES
              + " are allowed)");
    }
    long dataOffset = LENGTH_BYTES + jsonBytes;
    ObjectNode json =
        parse(readFully(channel, LENGTH_BYTES, Math.toIntExact(jsonBytes)).array(), path);
    Map<String, TensorEntry> tensors = entries(json, path);
    long dataBytes = requireContiguous(tensors, path);
    if (dataOffset + dataBytes != fileBytes) {
      throw malformed(
          path,
          (dataOffset + dataBytes > fileBytes ? "is truncated: " : "has bytes after its data: ")
              + "the header describes "
              + (dataOffset + dataBytes)
              + " bytes, the file has "
              + fileBytes);
    }
    return new SafetensorsHeader(tensors, metadata(json, path), dataOffset, dataBytes);
  }

  /**
   * Lays out tensors as the reference writer does: larger elements first so that each is aligned,
   * then by name in byte order.
   */
  static SafetensorsHeader layout(List<TensorSpec> specs, Map<String, String> metadata) {
    List<TensorSpec> ordered = new ArrayList<>(specs);
    ordered.sort(
        Comparator.comparing(TensorSpec::dtype)
            .reversed()
            .thenComparing(
                s -> s.name().getBytes(StandardCharsets.UTF_8), java.util.Arrays::compareUnsigned));
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    long offset = 0;
    for (TensorSpec spec : ordered) {
      TensorEntry entry = new TensorEntry(spec, offset, offset + spec.bytes());
      if (tensors.put(spec.name(), entry) != null) {
        throw new IllegalArgumentException("tensor named twice: " + spec.name());
      }
      offset = entry.end();
    }
    long jsonBytes = json(tensors, metadata).length;
    return new SafetensorsHeader(
        tensors, new TreeMap<>(metadata), LENGTH_BYTES + jsonBytes, offset);
  }

  /** Length, JSON and padding: everything before the data. */
  ByteBuffer encode() {
    byte[] json = json(tensors, metadata);
    ByteBuffer buffer =
        ByteBuffer.allocate(LENGTH_BYTES + json.length).order(ByteOrder.LITTLE_ENDIAN);
    return buffer.putLong(json.length).put(json).flip();
  }

  private static byte[] json(Map<String, TensorEntry> tensors, Map<String, String> metadata) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = root.putObject(METADATA);
      new TreeMap<>(metadata).forEach(node::put);
    }
    for (TensorEntry entry : tensors.values()) {
      ObjectNode node = root.putObject(entry.spec().name());
      node.put("dtype", entry.spec().dtype().name());
      ArrayNode shape = node.putArray("shape");
      entry.spec().shape().forEach(shape::add);
      node.putArray("data_offsets").add(entry.begin()).add(entry.end());
    }
    byte[] compact = root.toString().getBytes(StandardCharsets.UTF_8);
    // Padded with spaces to a multiple of 8, so that the data begins aligned.
    byte[] padded = java.util.Arrays.copyOf(compact, (compact.length + 7) / 8 * 8);
    java.util.Arrays.fill(padded, compact.length, padded.length, (byte) ' ');
    return padded;
  }

  private static ObjectNode parse(byte[] bytes, Path path) {
    try {
      if (Json.MAPPER.readTree(bytes) instanceof ObjectNode object) {
        return object;
      }
      throw malformed(path, "has a header that is no JSON object");
    } catch (JacksonException e) {
      throw new CheckpointException(
          path, "has a header that is not valid JSON: " + e.getOriginalMessage(), null, e);
    }
  }

  private static Map<String, TensorEntry> entries(ObjectNode json, Path path) {
    List<TensorEntry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> property : json.properties()) {
      if (!property.getKey().equals(METADATA)) {
        entries.add(entry(property.getKey(), property.getValue(), path));
      }
    }
    entries.sort(Comparator.comparingLong(TensorEntry::begin).thenComparing(TensorEntry::end));
    Map<String, TensorEntry> byName = new LinkedHashMap<>();
    entries.forEach(e -> byName.put(e.spec().name(), e));
    return byName;
  }

  private static TensorEntry entry(String name, JsonNode node, Path path) {
    String place = path + " tensor \"" + name + "\"";
    JsonNode dtype = node.path("dtype");
    DType type =
        java.util.Arrays.stream(DType.values())
            .filter(d -> dtype.isString() && d.name().equals(dtype.stringValue()))
            .findFirst()
            .orElseThrow(() -> malformed(place, "has an unknown dtype " + dtype));
    List<Long> shape = longs(node.path("shape"), place, "shape");
    List<Long> offsets = longs(node.path("data_offsets"), place, "data_offsets");
    if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
      throw malformed(place, "has data_offsets " + offsets + ", not [begin, end]");
    }
    TensorSpec spec = new TensorSpec(name, type, shape);
    long bytes;
    try {
      bytes = spec.bytes();
    } catch (ArithmeticException e) {
      throw new CheckpointException(place, "has an impossible size: " + e.getMessage(), null, e);
    }
    if (offsets.get(1) - offsets.get(0) != bytes) {
      throw malformed(
          place,
          "holds " + (offsets.get(1) - offsets.get(0)) + " bytes where its shape needs " + bytes);
    }
    return new TensorEntry(spec, offsets.get(0), offsets.get(1));
  }

  private static List<Long> longs(JsonNode node, String place, String what) {
    if (!(node instanceof ArrayNode array)) {
      throw malformed(place, "has no " + what);
    }
    List<Long> values = new ArrayList<>();
    for (JsonNode value : array) {
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw malformed(place, "has " + what + " " + array + ", not a list of whole numbers");
      }
      values.add(value.longValue());
    }
    return values;
  }

  private static Map<String, String> metadata(ObjectNode json, Path path) {
    JsonNode node = json.path(METADATA);
    Map<String, String> metadata = new TreeMap<>();
    if (node.isMissingNode() || node.isNull()) {
      return metadata;
    }
    if (!node.isObject()) {
      throw malformed(path, "has a __metadata__ that is no object");
    }
    for (Map.Entry<String, JsonNode> property : node.properties()) {
      if (!property.getValue().isString()) {
        throw malformed(path, "has a __metadata__ value that is no string: " + property.getKey());
      }
      metadata.put(property.getKey(), property.getValue().stringValue());
    }
    return metadata;
  }

  private static long requireContiguous(Map<String, TensorEntry> tensors, Path path) {
    long offset = 0;
    for (TensorEntry entry : tensors.values()) {
      if (entry.begin() != offset) {
        throw malformed(
            path + " tensor \"" + entry.spec().name() + "\"",
            entry.begin() < offset
                ? "overlaps the tensor before it"
                : "leaves a hole of " + (entry.begin() - offset) + " bytes before it");
      }
      offset = entry.end();
    }
    return offset;
  }

  private static ByteBuffer readFully(FileChannel channel, long position, int bytes)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new IOException("ends at byte " + (position + buffer.position()));
      }
    }
    return buffer.flip();
  }

  private static CheckpointException malformed(Object place, String what) {
    return new CheckpointException(
        place, what, "the file is damaged or no safetensors file: copy or download it again");
  }
}
