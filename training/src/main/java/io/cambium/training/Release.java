package io.cambium.training;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.SelectionRule;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * The way of a grown model from exact to plain top-K (docs/grow.md): exact for the first part of a
 * window, then a replica's own logit comes in and what keeps siblings apart goes, both linearly.
 *
 * @param mode cold or lineage
 * @param fromStep steps taken when the window begins
 * @param windowSteps steps of the window
 * @param holdSteps steps at its beginning in which the model stays exact
 * @param holdBack what {@code cold} lowers replicas by at first; 0 in mode lineage
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Release(Mode mode, long fromStep, long windowSteps, long holdSteps, double holdBack) {

  public Release {
    if (mode == Mode.HASH) {
      throw new IllegalArgumentException("selection mode hash is never released");
    }
  }

  /** The release that a checkpoint's manifest asks for, if any. */
  static @Nullable Release of(Manifest manifest, long fromStep, long windowSteps, long holdSteps) {
    Manifest.Selection selection = manifest.selection();
    if (selection != null && selection.mode() == Mode.LINEAGE && selection.ownLogit() > 0) {
      throw new UsageException(
          "model",
          "is a checkpoint from the middle of a release",
          "go on with its run (--resume), or with its state (branch: true)");
    }
    return selection == null || !selection.isRelease()
        ? null
        : new Release(selection.mode(), fromStep, windowSteps, holdSteps, selection.holdBack());
  }

  /** Steps taken when it is plain. */
  long end() {
    return fromStep + windowSteps;
  }

  /** The share of the way that is done after so many steps: 0 while exact, 1 when plain. */
  double progress(long step) {
    long ramp = windowSteps - holdSteps;
    long done = step - fromStep - holdSteps;
    return step - fromStep >= windowSteps ? 1 : Math.clamp((double) done / Math.max(1, ramp), 0, 1);
  }

  /** Whether the model is still exact, so that no replica of a cold growth can be chosen. */
  boolean exact(long step) {
    return progress(step) == 0;
  }

  /** The rule for the next step. */
  SelectionRule rule(long step, Manifest.Growth growth) {
    double progress = progress(step);
    if (progress == 1) {
      return SelectionRule.PLAIN;
    }
    return mode == Mode.COLD
        ? new SelectionRule.Cold(holdBack * (1 - progress), replicas(growth))
        : lineage(progress, growth.parents());
  }

  private static Map<Integer, List<Integer>> replicas(Manifest.Growth growth) {
    return growth.parents().keySet().stream()
        .collect(Collectors.toMap(layer -> layer, growth::replicas));
  }

  private SelectionRule lineage(double progress, SortedMap<Integer, List<Integer>> parents) {
    double penalty = progress == 0 ? Double.POSITIVE_INFINITY : penalty(progress);
    return new SelectionRule.Lineage(progress, penalty, parents);
  }

  /**
   * What non-best siblings are lowered by once the model is no longer exact, in spans of the
   * scores: the whole span at first.
   */
  static double penalty(double progress) {
    return 1 - progress;
  }
}
