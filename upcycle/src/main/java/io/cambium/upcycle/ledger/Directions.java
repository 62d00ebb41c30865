package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Directions of router rows, computed before anything else and kept beside the result, since the
 * plan names them as a source.
 *
 * @param layers_ND per routing layer, row-major [N, D]; zero rows where there is no direction
 * @param warnings where another direction had to be taken than was asked for
 */
public record Directions(SortedMap<Integer, float[]> layers_ND, List<String> warnings) {

  /**
   * Where the file lies in the directory of the result: apart, so that no engine takes it for
   * weights.
   */
  public static final String FILE = "growth/directions.safetensors";

  public static final Directions NONE = new Directions(new TreeMap<>(), List.of());

  private static String tensor(int layer) {
    return "layer." + layer + ".directions";
  }

  /** A layer's directions [N, D] as something that a formula reads. */
  public static SourceTensor source(int layer, int experts_N, int size_D) {
    return SourceTensor.whole(
        SourceTensor.Origin.DIRECTIONS, tensor(layer), List.of((long) experts_N, (long) size_D));
  }

  /** Writes one tensor per layer. */
  public void write(Path file, int size_D) {
    List<TensorSpec> specs = new ArrayList<>();
    layers_ND.forEach((layer, rows_ND) ->
        specs.add(
            new TensorSpec(
                tensor(layer), DType.F32, List.of((long) rows_ND.length / size_D, (long) size_D))));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      layers_ND.forEach(
          (layer, rows_ND) -> writer.write(tensor(layer), Floats.write(rows_ND, DType.F32)));
      writer.requireComplete();
    }
  }
}
