package io.cambium.model;

import io.cambium.checkpoint.UsageException;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Chooses the next token from its logits, in the order of transformers: temperature, then top-k,
 * then top-p.
 *
 * <p>V: vocabulary.
 */
public final class Sampler {

  /** A {@code topK} that leaves every token. */
  public static final int ALL = 0;

  private final double temperature;
  private final int topK;
  private final double topP;
  private final SplittableRandom random;

  /**
   * @param temperature 0 takes the most probable token each time; 1 samples as the model says
   * @param topK only the most probable so many tokens, and those as probable as the last of them;
   *     {@link #ALL} for every token
   * @param topP only the most probable tokens that together have at least this probability; 1 for
   *     every token
   * @param seed of the sampling
   * @throws UsageException if a value is out of its range
   */
  public Sampler(double temperature, int topK, double topP, long seed) {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new UsageException("temperature", "is " + temperature, "give 0 or more");
    }
    if (topK < 0) {
      throw new UsageException("top-k", "is " + topK, "give 1 or more tokens, 0 for all");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new UsageException("top-p", "is " + topP, "give more than 0 and at most 1");
    }
    this.temperature = temperature;
    this.topK = topK;
    this.topP = topP;
    this.random = new SplittableRandom(seed);
  }

  /** Always the most probable token, of equal ones the first. */
  public static Sampler greedy() {
    return new Sampler(0, ALL, 1, 0);
  }

  /** The next token. */
  public int choose(float[] logits_V) {
    int best = 0;
    for (int v = 1; v < logits_V.length; v++) {
      best = logits_V[v] > logits_V[best] ? v : best;
    }
    return temperature == 0 ? best : draw(weights(logits_V, logits_V[best]));
  }

  /** What each token's probability is in proportion to, 0 for those left out. */
  private double[] weights(float[] logits_V, float max) {
    double[] weights_V = new double[logits_V.length];
    for (int v = 0; v < weights_V.length; v++) {
      weights_V[v] = Math.exp((logits_V[v] - max) / temperature);
    }
    keepMostProbable(weights_V);
    keepProbability(weights_V);
    return weights_V;
  }

  private void keepMostProbable(double[] weights_V) {
    if (topK == ALL || topK >= weights_V.length) {
      return;
    }
    double last = sorted(weights_V)[weights_V.length - topK];
    for (int v = 0; v < weights_V.length; v++) {
      weights_V[v] = weights_V[v] < last ? 0 : weights_V[v];
    }
  }

  /** Leaves out the least probable tokens as long as they have 1 - topP together. */
  private void keepProbability(double[] weights_V) {
    if (topP == 1) {
      return;
    }
    double[] sorted_V = sorted(weights_V);
    double share = (1 - topP) * Arrays.stream(sorted_V).sum();
    int left = 0;
    double sum = sorted_V[0];
    while (sum <= share && left < sorted_V.length - 1) {
      left++;
      sum += sorted_V[left];
    }
    leaveOut(weights_V, sorted_V[left], left);
  }

  /** Of equally probable tokens the later ones fall. */
  private static void leaveOut(double[] weights_V, double least, int count) {
    int equal = count - (int) Arrays.stream(weights_V).filter(weight -> weight < least).count();
    for (int v = weights_V.length - 1; v >= 0; v--) {
      if (weights_V[v] < least) {
        weights_V[v] = 0;
      } else if (weights_V[v] == least && equal > 0) {
        weights_V[v] = 0;
        equal--;
      }
    }
  }

  private static double[] sorted(double[] weights_V) {
    double[] sorted_V = weights_V.clone();
    Arrays.sort(sorted_V);
    return sorted_V;
  }

  private int draw(double[] weights_V) {
    double left = random.nextDouble() * Arrays.stream(weights_V).sum();
    int last = 0;
    for (int v = 0; v < weights_V.length; v++) {
      if (weights_V[v] > 0) {
        last = v;
        left -= weights_V[v];
        if (left < 0) {
          return v;
        }
      }
    }
    return last;
  }
}
