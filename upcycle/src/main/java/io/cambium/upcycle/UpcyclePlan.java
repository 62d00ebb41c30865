package io.cambium.upcycle;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.TensorSpec;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything about a growth step before the first weight is written: the ledger of every output
 * tensor as a formula over named source tensors, and what follows from it. It is all that the
 * execution knows.
 *
 * @param source directory that grows
 * @param target directory that is written
 * @param family its model_type
 * @param growth what the manifest will hold about this step
 * @param counts per routing layer, how many experts each source expert becomes
 * @param selection how experts are chosen at first where that is not plain top-K
 * @param stepZero what the grown model computes before it is trained
 * @param figures sizes before and after
 * @param config the grown model's config.json
 * @param weights every tensor of the model, in model order
 * @param optimizer every tensor of the optimizer state; empty where the source has none
 * @param copiedFiles files that go along as they are, relative to the directory
 * @param leftOut source tensors and files that do not go along, with the reason
 * @param warnings what a user should know before going on
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record UpcyclePlan(
    String source,
    String target,
    String family,
    Manifest.Growth growth,
    SortedMap<Integer, List<Integer>> counts,
    Manifest.@Nullable Selection selection,
    StepZero stepZero,
    Figures figures,
    ObjectNode config,
    List<Entry> weights,
    List<Entry> optimizer,
    List<String> copiedFiles,
    SortedMap<String, String> leftOut,
    List<String> warnings) {

  /** The plan for people, in a few lines. */
  public String describe() {
    return PlanText.of(this);
  }

  /** One line of the ledger. */
  public record Entry(TensorSpec tensor, Formula formula) {}

  /**
   * Sizes of the source and the grown model.
   *
   * @param optimizerBytes of the grown optimizer state
   */
  public record Figures(ModelSize source, ModelSize target, long optimizerBytes) {}
}
