package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What formulas read beside checkpoints: directions of router rows, and gradients. Computed before
 * anything else and kept beside the result, since the plan names them as a source.
 *
 * @param tensors by name
 * @param warnings where another direction had to be taken than was asked for
 */
public record Directions(SortedMap<String, Values> tensors, List<String> warnings) {

  /**
   * Where the file lies in the directory of the result: apart, so that no engine takes it for
   * weights.
   */
  public static final String FILE = "growth/directions.safetensors";

  public static final Directions NONE = new Directions(new TreeMap<>(), List.of());

  public Directions {
    warnings = List.copyOf(warnings);
  }

  /**
   * Directions of router rows.
   *
   * @param layers_ND per routing layer, row-major [N, D]; zero rows where there is no direction
   */
  public static Directions ofRows(
      SortedMap<Integer, float[]> layers_ND, int size_D, List<String> warnings) {
    SortedMap<String, Values> tensors = new TreeMap<>();
    layers_ND.forEach((layer, rows_ND) ->
        tensors.put(
            rows(layer),
            new Values(List.of((long) rows_ND.length / size_D, (long) size_D), rows_ND)));
    return new Directions(tensors, warnings);
  }

  private static String rows(int layer) {
    return "layer." + layer + ".directions";
  }

  /** A layer's directions of rows [N, D] as something that a formula reads. */
  public static SourceTensor rows(int layer, int experts_N, int size_D) {
    return SourceTensor.whole(
        SourceTensor.Origin.DIRECTIONS, 0, rows(layer), List.of((long) experts_N, (long) size_D));
  }

  /** The gradient of an expert's matrix, in its shape, likewise. */
  public static SourceTensor gradient(ModelTensor matrix) {
    String name =
        "layer.%d.expert.%d.%s.gradient"
            .formatted(
                matrix.layer(), matrix.expert(), matrix.part().name().toLowerCase(Locale.ROOT));
    return SourceTensor.whole(SourceTensor.Origin.DIRECTIONS, 0, name, matrix.shape());
  }

  /** Both. */
  public Directions and(Directions others) {
    SortedMap<String, Values> all = new TreeMap<>(tensors);
    all.putAll(others.tensors);
    List<String> allWarnings = new ArrayList<>(warnings);
    allWarnings.addAll(others.warnings);
    return new Directions(all, allWarnings);
  }

  /** Writes them, in fp32. */
  public void write(Path file) {
    List<TensorSpec> specs = new ArrayList<>();
    tensors.forEach((name, values) -> specs.add(new TensorSpec(name, DType.F32, values.shape())));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      tensors.forEach((name, values) -> writer.write(name, Floats.write(values.data(), DType.F32)));
      writer.requireComplete();
    }
  }
}
