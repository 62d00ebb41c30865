package io.cambium.lab.analysis;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.Decoder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How far each expert of a layer went from what it was, or from the expert it descends from.
 *
 * @param weights distance between all weights of the two, relative to the earlier one's norm
 * @param routerRow the same of the expert's row of the router
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Change(List<Double> weights, List<Double> routerRow) {

  /**
   * Compares a layer's experts.
   *
   * @param ancestors for each expert of the later model, that of the earlier one
   */
  static Change of(Decoder earlier, Decoder later, int layer, List<Integer> ancestors) {
    Collection<List<Tensor>> now = ExpertProducts.byPart(later, layer).values();
    Collection<List<Tensor>> then = ExpertProducts.byPart(earlier, layer).values();
    Tensor rowsNow_ED = router(later, layer);
    Tensor rowsThen_ED = router(earlier, layer);
    List<Double> weights = new ArrayList<>();
    List<Double> rows = new ArrayList<>();
    for (int expert = 0; expert < ancestors.size(); expert++) {
      int own = expert;
      int ancestor = ancestors.get(expert);
      weights.add(
          distance(
              now.stream().map(part -> part.get(own)).toList(),
              then.stream().map(part -> part.get(ancestor)).toList()));
      try (PointerScope scope = new PointerScope()) {
        rows.add(
            distance(List.of(rowsNow_ED.select(0, own)), List.of(rowsThen_ED.select(0, ancestor))));
      }
    }
    return new Change(weights, rows);
  }

  private static Tensor router(Decoder decoder, int layer) {
    return decoder.weights().all().entrySet().stream()
        .filter(entry -> isRouter(entry.getKey(), layer))
        .map(Map.Entry::getValue)
        .findFirst()
        .map(Objects::requireNonNull)
        .orElseThrow();
  }

  private static boolean isRouter(ModelTensor tensor, int layer) {
    return tensor.layer() == layer && tensor.part() == Part.ROUTER;
  }

  /** Of matrices taken together; 0 where both are all zeros. */
  private static double distance(List<Tensor> now, List<Tensor> then) {
    double squared = 0;
    double norm = 0;
    for (int part = 0; part < now.size(); part++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor before = then.get(part).detach().reshape(-1).to(ScalarType.Double);
        Tensor moved = now.get(part).detach().reshape(-1).to(ScalarType.Double).sub(before);
        squared += torch.dot(moved, moved).item_double();
        norm += torch.dot(before, before).item_double();
      }
    }
    return squared == 0 ? 0 : Math.sqrt(squared / norm);
  }
}
