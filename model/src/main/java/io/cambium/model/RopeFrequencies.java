package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.RopeScaling;
import java.util.List;

/**
 * Angle per position of each pair of rotated dimensions, scaled as transformers scales it, and in
 * its precision.
 *
 * @param perPosition radians, from the fastest pair to the slowest
 * @param magnitude factor on cosine and sine
 */
record RopeFrequencies(float[] perPosition, float magnitude) {

  /**
   * @param inLong whether for sequences that are long by {@link RopeScaling#isLong}
   */
  static RopeFrequencies of(Rope rope, boolean inLong) {
    int pairs = rope.rotaryDim() / 2;
    float[] plain = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      plain[i] = (float) (1 / Math.pow(rope.theta(), 2.0 * i / rope.rotaryDim()));
    }
    return switch (rope.scaling()) {
      case RopeScaling.None none -> new RopeFrequencies(plain, 1);
      case RopeScaling.Linear linear -> {
        for (int i = 0; i < pairs; i++) {
          plain[i] = (float) (plain[i] / linear.factor());
        }
        yield new RopeFrequencies(plain, 1);
      }
      case RopeScaling.Llama3 llama3 -> llama3(plain, llama3);
      case RopeScaling.Yarn yarn -> yarn(plain, rope, yarn);
      case RopeScaling.LongRope longRope -> {
        List<Double> factors = inLong ? longRope.longFactors() : longRope.shortFactors();
        for (int i = 0; i < pairs; i++) {
          plain[i] = (float) (plain[i] / factors.get(i));
        }
        yield new RopeFrequencies(plain, (float) longRope.attention());
      }
    };
  }

  /** Wavelengths beyond the first training's length are stretched, short ones kept. */
  private static RopeFrequencies llama3(float[] plain, RopeScaling.Llama3 scaling) {
    double longest = scaling.original() / scaling.lowFrequency();
    double shortest = scaling.original() / scaling.highFrequency();
    float[] scaled = new float[plain.length];
    for (int i = 0; i < plain.length; i++) {
      double wavelength = 2 * Math.PI / plain[i];
      double stretched = plain[i] / scaling.factor();
      if (wavelength > longest) {
        scaled[i] = (float) stretched;
      } else if (wavelength < shortest) {
        scaled[i] = plain[i];
      } else {
        double keep =
            (scaling.original() / wavelength - scaling.lowFrequency())
                / (scaling.highFrequency() - scaling.lowFrequency());
        scaled[i] = (float) ((1 - keep) * stretched + keep * plain[i]);
      }
    }
    return new RopeFrequencies(scaled, 1);
  }

  /** A linear ramp over the pairs between those that turn often and those that turn seldom. */
  private static RopeFrequencies yarn(float[] plain, Rope rope, RopeScaling.Yarn scaling) {
    double low = pairWithTurns(scaling.betaFast(), rope, scaling);
    double high = pairWithTurns(scaling.betaSlow(), rope, scaling);
    if (scaling.truncate()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, rope.rotaryDim() - 1.0);
    double width = low == high ? 0.001 : high - low;
    float[] scaled = new float[plain.length];
    for (int i = 0; i < plain.length; i++) {
      double stretch = Math.clamp((i - low) / width, 0, 1);
      scaled[i] = (float) (plain[i] / scaling.factor() * stretch + plain[i] * (1 - stretch));
    }
    return new RopeFrequencies(scaled, (float) scaling.attention());
  }

  /** The pair, as a real number, that turns this often within the first training's length. */
  private static double pairWithTurns(double turns, Rope rope, RopeScaling.Yarn scaling) {
    return rope.rotaryDim()
        * Math.log(scaling.original() / (turns * 2 * Math.PI))
        / (2 * Math.log(rope.theta()));
  }
}
