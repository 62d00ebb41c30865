package io.cambium.training.config;

/**
 * What a run says aloud. Each alarm speaks once for each occurrence; with {@code stop} it also
 * saves a checkpoint and ends the run. To silence one, put its bound out of reach.
 *
 * @param gradientSpike on the gradient's norm before clipping
 * @param lossSpike on the training loss
 * @param deadExperts on experts with next to no load
 * @param overload on experts with far too much
 * @param identicalClones on siblings that a growth made and training does not part
 * @param coselection on tokens that go on to choose two siblings
 */
public record AlarmConfig(
    Spike gradientSpike,
    Spike lossSpike,
    DeadExperts deadExperts,
    Overload overload,
    IdenticalClones identicalClones,
    Coselection coselection) {

  /**
   * With 2,048 tokens a step a norm of two to seven times the median comes ten times in 3,000 steps
   * and does no harm; a loss rises by a tenth of itself only when something is wrong. Balancing may
   * take its first 150 steps to reach every expert of a fresh router, so 200 in a row mean more
   * than that; three times the even load is as much as two experts in eight may take before the
   * layer is no mixture any more. At a learning rate of 2e-5 Adam may move a weight of 0.02 by a
   * thousandth in every step, so siblings that learn at all are far apart after 500; in flat
   * growths their co-selection falls by three tenths in as many (docs/results.md).
   */
  public static final AlarmConfig DEFAULT =
      new AlarmConfig(
          new Spike(100, 10, 7, false),
          new Spike(100, 10, 0.1, false),
          new DeadExperts(200, false),
          new Overload(2, 200, false),
          new IdenticalClones(1e-3, 500, false),
          new Coselection(0.1, 0.2, 500, false));

  /**
   * A value far above those of the steps before it. Both bounds count, the larger one decides: the
   * first knows how restless the values are, the second keeps quiet where they hardly move.
   *
   * @param window steps before, from which the median comes; also how long it must be quiet before
   *     another spike is a new one
   * @param deviations above the median, each 1.4826 times the median absolute deviation, which is a
   *     standard deviation where the values are normal but does not grow with the spikes themselves
   * @param rise above the median, as a share of it
   */
  public record Spike(int window, double deviations, double rise, boolean stop) {

    public Spike {
      Range.atLeastOne("alarms.*_spike.window", window);
      Range.positive("alarms.*_spike.deviations", deviations);
      Range.notNegative("alarms.*_spike.rise", rise);
    }
  }

  /**
   * Experts with a load below 0.08 of the even one.
   *
   * @param steps in a row
   */
  public record DeadExperts(int steps, boolean stop) {

    public DeadExperts {
      Range.atLeastOne("alarms.dead_experts.steps", steps);
    }
  }

  /**
   * Routing that collapses onto few experts.
   *
   * @param maxVio bound of max load / mean load - 1
   * @param steps above it in a row
   */
  public record Overload(double maxVio, int steps, boolean stop) {

    public Overload {
      Range.positive("alarms.overload.max_vio", maxVio);
      Range.atLeastOne("alarms.overload.steps", steps);
    }
  }

  /**
   * Siblings with the same weights.
   *
   * @param distance between their weights, relative to their norm, below which they are the same
   * @param steps of plain top-K that they have to part
   */
  public record IdenticalClones(double distance, int steps, boolean stop) {

    public IdenticalClones {
      Range.positive("alarms.identical_clones.distance", distance);
      Range.atLeastOne("alarms.identical_clones.steps", steps);
    }
  }

  /**
   * Tokens that choose two siblings, as often as when the release ended.
   *
   * @param fall share of the rate at that time by which it must have fallen
   * @param tolerated a rate that is no concern; chance gives 0.1 with 4 siblings each among 32
   *     experts, two a token
   * @param steps of plain top-K that it has to fall
   */
  public record Coselection(double fall, double tolerated, int steps, boolean stop) {

    public Coselection {
      Range.share("alarms.coselection.fall", fall);
      Range.share("alarms.coselection.tolerated", tolerated);
      Range.atLeastOne("alarms.coselection.steps", steps);
    }
  }
}
