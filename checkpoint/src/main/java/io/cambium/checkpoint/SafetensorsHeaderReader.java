package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
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
 * Checks a safetensors header against every rule of the format, and allocates nothing that a header
 * merely claims.
 */
final class SafetensorsHeaderReader {

  private static final int MAX_QUOTED_CHARACTERS = 80;
  private static final String REMEDY =
      "the file is damaged or no safetensors file: copy or download it again";

  private final RandomAccessBytes file;
  private final Path path;

  private SafetensorsHeaderReader(RandomAccessBytes file, Path path) {
    this.file = file;
    this.path = path;
  }

  /**
   * Reads the header of an open file.
   *
   * @throws CheckpointException if the file breaks a rule
   */
  static SafetensorsHeader read(RandomAccessBytes file, Path path) throws IOException {
    return new SafetensorsHeaderReader(file, path).read();
  }

  private SafetensorsHeader read() throws IOException {
    long fileBytes = file.size();
    int jsonBytes = jsonBytes(fileBytes);
    ObjectNode json = parse(readFully(SafetensorsHeader.LENGTH_BYTES, jsonBytes));
    Map<String, TensorEntry> tensors = entries(json);
    long dataOffset = SafetensorsHeader.LENGTH_BYTES + jsonBytes;
    long dataBytes = requireContiguous(tensors);
    long present = fileBytes - dataOffset;
    if (dataBytes != present) {
      throw malformed(
          path,
          (dataBytes > present ? "is truncated" : "has bytes after its data")
              + (": the header describes "
                  + dataBytes
                  + " bytes of data, the file has "
                  + present));
    }
    return new SafetensorsHeader(tensors, metadata(json), dataOffset, dataBytes);
  }

  private int jsonBytes(long fileBytes) throws IOException {
    long rest = fileBytes - SafetensorsHeader.LENGTH_BYTES;
    if (rest < 0) {
      throw malformed(path, "is " + fileBytes + " bytes long, too short for a header");
    }
    long jsonBytes = readFully(0, SafetensorsHeader.LENGTH_BYTES).getLong();
    // Checked before anything is allocated: the length is whatever the file says.
    if (jsonBytes < 0 || jsonBytes > Math.min(SafetensorsFile.MAX_HEADER_BYTES, rest)) {
      throw malformed(
          path,
          "claims a header of "
              + Long.toUnsignedString(jsonBytes)
              + " bytes in a file of "
              + fileBytes
              + " (the format allows "
              + SafetensorsFile.MAX_HEADER_BYTES
              + ")");
    }
    return Math.toIntExact(jsonBytes);
  }

  private ObjectNode parse(ByteBuffer bytes) {
    try {
      // Decoded first: given bytes, the parser would guess among Unicode's encodings.
      String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      if (Json.MAPPER.readTree(text) instanceof ObjectNode object) {
        return object;
      }
      throw malformed(path, "has a header that is no JSON object");
    } catch (CharacterCodingException e) {
      throw malformed(path, "has a header that is not UTF-8", e);
    } catch (JacksonException e) {
      throw malformed(path, "has a header that is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private Map<String, TensorEntry> entries(ObjectNode json) {
    List<TensorEntry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> property : json.properties()) {
      if (!property.getKey().equals(SafetensorsHeader.METADATA)) {
        entries.add(entry(property.getKey(), property.getValue()));
      }
    }
    entries.sort(Comparator.comparingLong(TensorEntry::begin).thenComparing(TensorEntry::end));
    Map<String, TensorEntry> byName = new LinkedHashMap<>();
    entries.forEach(entry -> byName.put(entry.spec().name(), entry));
    return byName;
  }

  /** Fields beyond the three are ignored, as the reference reader does. */
  private TensorEntry entry(String name, JsonNode node) {
    String place = place(name);
    JsonNode dtype = node.path("dtype");
    DType type =
        DType.named(dtype.asString(""))
            .orElseThrow(() -> malformed(place, "has an unknown dtype " + quoted(dtype)));
    TensorSpec spec = new TensorSpec(name, type, wholeNumbers(node, "shape", place));
    List<Long> offsets = wholeNumbers(node, "data_offsets", place);
    if (offsets.size() != 2 || offsets.getFirst() > offsets.getLast()) {
      throw malformed(place, "has data_offsets " + offsets + ", not [begin, end]");
    }
    TensorEntry entry = new TensorEntry(spec, offsets.getFirst(), offsets.getLast());
    if (entry.bytes() != bytes(spec, place)) {
      throw malformed(
          place, "holds " + entry.bytes() + " bytes where its shape needs " + spec.bytes());
    }
    return entry;
  }

  private static long bytes(TensorSpec spec, String place) {
    try {
      return spec.bytes();
    } catch (ArithmeticException e) {
      throw malformed(place, "has an impossible size: " + e.getMessage(), e);
    }
  }

  private static List<Long> wholeNumbers(JsonNode entry, String key, String place) {
    if (!(entry.path(key) instanceof ArrayNode array)) {
      throw malformed(place, "has no " + key);
    }
    List<Long> values = new ArrayList<>();
    for (JsonNode value : array) {
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw malformed(
            place, "has " + key + " " + quoted(array) + ", not a list of whole numbers");
      }
      values.add(value.longValue());
    }
    return values;
  }

  private long requireContiguous(Map<String, TensorEntry> tensors) {
    long offset = 0;
    for (TensorEntry entry : tensors.values()) {
      if (entry.begin() != offset) {
        throw malformed(
            place(entry.spec().name()),
            entry.begin() < offset
                ? "overlaps the tensor before it"
                : "leaves a hole of " + (entry.begin() - offset) + " bytes before it");
      }
      offset = entry.end();
    }
    return offset;
  }

  private Map<String, String> metadata(ObjectNode json) {
    JsonNode node = json.path(SafetensorsHeader.METADATA);
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

  private ByteBuffer readFully(long position, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.read(position, MemorySegment.ofBuffer(buffer));
    return buffer;
  }

  private String place(String tensor) {
    return path + " tensor \"" + tensor + "\"";
  }

  private static String quoted(JsonNode node) {
    String text = node.toString();
    return text.length() <= MAX_QUOTED_CHARACTERS
        ? text
        : text.substring(0, MAX_QUOTED_CHARACTERS) + "...";
  }

  private static CheckpointException malformed(Object place, String what) {
    return new CheckpointException(place, what, REMEDY);
  }

  private static CheckpointException malformed(Object place, String what, Throwable cause) {
    return new CheckpointException(place, what, REMEDY, cause);
  }
}
