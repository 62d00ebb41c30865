package io.cambium.checkpoint.family;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.ModelConfig;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a checkpoint stores matrices in fewer bits, with scales beside them: as codes, which are what
 * is left of the weights, and scales, which belong to blocks of them. Cambium copies both as they
 * are; it does not compute with them.
 */
public sealed interface Quantisation {

  /** The key of config.json that says so. */
  String KEY = "quantization_config";

  /**
   * A tensor on disk that holds part of what a matrix was.
   *
   * @param content codes or scales
   * @param suffix behind the matrix's own name
   * @param rowShape of one row on disk
   */
  record Stored(
      ModelTensor.Content content, String suffix, DType dtype, long rows, List<Long> rowShape) {

    /** Entries of a row. */
    long columns() {
      return rowShape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /** What users and config.json call it. */
  String method();

  /** Whether matrices of this part are stored so. */
  boolean covers(Part part);

  /** What a matrix [rows, columns] is stored as. */
  List<Stored> stored(long rows, long columns);

  /** The type of a tensor of a part that it covers. */
  default DType dtype(ModelTensor tensor) {
    return stored(1, 1).stream()
        .filter(stored -> stored.content() == tensor.content())
        .map(Stored::dtype)
        .findFirst()
        .orElseThrow();
  }

  /** Weights as they are. */
  record None() implements Quantisation {
    @Override
    public String method() {
      return "none";
    }

    @Override
    public boolean covers(Part part) {
      return false;
    }

    @Override
    public List<Stored> stored(long rows, long columns) {
      return List.of();
    }
  }

  /**
   * DeepSeek-V3's fp8: {@code X.weight} in F8_E4M3 [out, in], and {@code X.weight_scale_inv} in
   * F32, a factor for each block of it. Of all linear layers but the router and the output
   * projection.
   */
  record Fp8(int blockRows, int blockColumns) implements Quantisation {
    @Override
    public String method() {
      return "fp8";
    }

    @Override
    public boolean covers(Part part) {
      return part.isLinear() && part != Part.LM_HEAD && part != Part.ROUTER;
    }

    @Override
    public List<Stored> stored(long rows, long columns) {
      return List.of(
          new Stored(ModelTensor.Content.WEIGHTS, "", DType.F8_E4M3, rows, List.of(columns)),
          new Stored(
              ModelTensor.Content.SCALES,
              "_scale_inv",
              DType.F32,
              Math.ceilDiv(rows, blockRows),
              List.of(Math.ceilDiv(columns, (long) blockColumns))));
    }
  }

  /**
   * gpt-oss's mxfp4 (OCP Microscaling Formats): 32 numbers of four bits in 16 bytes, and the
   * exponent of their scale in one. Of routed experts alone, whose matrices are [out, in] in this
   * form. Parts that share a tensor lie in it row by row in turn.
   */
  record Mxfp4() implements Quantisation {

    /** Numbers that share a scale. */
    public static final int BLOCK = 32;

    @Override
    public String method() {
      return "mxfp4";
    }

    @Override
    public boolean covers(Part part) {
      return part.isExpert() && part.isLinear();
    }

    @Override
    public List<Stored> stored(long rows, long columns) {
      long blocks = columns / BLOCK;
      return List.of(
          new Stored(
              ModelTensor.Content.WEIGHTS, "_blocks", DType.U8, rows, List.of(blocks, BLOCK / 2L)),
          new Stored(ModelTensor.Content.SCALES, "_scales", DType.U8, rows, List.of(blocks)));
    }
  }

  /**
   * What config.json says of it.
   *
   * @param supported the method that the family's checkpoints may have
   * @throws io.cambium.checkpoint.CheckpointException if it asks for another
   */
  static Quantisation of(ModelConfig config, String supported) {
    if (!config.has(KEY)) {
      return new None();
    }
    if (!(config.json().get(KEY) instanceof ObjectNode settings)) {
      throw config.unsupported(KEY, config.json().get(KEY), "an object, or null");
    }
    String method = settings.path("quant_method").asString("");
    if (!method.equals(supported)) {
      throw config.unsupported(
          KEY,
          "of the method \"" + method + "\"",
          supported + ", or weights that are not quantised");
    }
    return method.equals("mxfp4") ? mxfp4(config) : fp8(config, settings);
  }

  private static Quantisation mxfp4(ModelConfig config) {
    for (String key : List.of("hidden_size", "intermediate_size")) {
      int size = config.requirePositiveInt(key);
      if (size % Mxfp4.BLOCK != 0) {
        throw config.unsupported(key, size, "multiples of " + Mxfp4.BLOCK + " in mxfp4");
      }
    }
    return new Mxfp4();
  }

  private static Quantisation fp8(ModelConfig config, ObjectNode settings) {
    JsonNode block = settings.path("weight_block_size");
    boolean pair = block.isArray() && block.size() == 2;
    if (!pair || block.get(0).asInt(0) < 1 || block.get(1).asInt(0) < 1) {
      throw config.unsupported(
          KEY, "with the weight_block_size " + block, "[rows, columns] of a block");
    }
    return new Fp8(block.get(0).asInt(), block.get(1).asInt());
  }
}
