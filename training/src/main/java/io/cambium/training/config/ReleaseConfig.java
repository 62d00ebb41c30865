package io.cambium.training.config;

/**
 * How a model that grew in mode lineage or cold becomes a plain top-K model. The window begins at
 * the growth, or at the first step of a run whose model comes in the middle of a release.
 *
 * @param window share of the remaining steps that the release takes; it must end before the
 *     learning rate decays
 * @param hold share of the window in which the model stays exact
 * @param agreement weight of the loss by which the routers learn, while {@code lineage} is
 *     released, to take one sibling of each lineage by plain top-K; 0 leaves it out. Of no meaning
 *     to {@code cold}
 */
public record ReleaseConfig(double window, double hold, double agreement) {

  /**
   * With the agreement loss siblings share a top-K less often, and the gain was the largest of all
   * forms that were compared, though by no more than the noise (docs/results.md).
   */
  public static final ReleaseConfig DEFAULT = new ReleaseConfig(0.2, 0.2, 0.1);

  public ReleaseConfig {
    Range.share("release.window", window);
    Range.share("release.hold", hold);
    Range.notNegative("release.agreement", agreement);
  }

  /**
   * Steps of the window.
   *
   * @param remaining steps of the run after its beginning
   */
  public int windowSteps(int remaining) {
    return Math.toIntExact(Math.round(window * remaining));
  }

  /** Steps at the window's beginning in which the model stays exact. */
  public int holdSteps(int remaining) {
    return Math.toIntExact(Math.round(hold * windowSteps(remaining)));
  }
}
