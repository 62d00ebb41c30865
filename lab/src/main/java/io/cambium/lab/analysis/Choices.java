package io.cambium.lab.analysis;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The experts that a layer's router chose. T tokens, K experts per token, E experts.
 *
 * @param experts how many the layer has
 * @param topK how many each token chooses, all of them different
 * @param choice_TK slots of a token side by side
 */
public record Choices(int experts, int topK, int[] choice_TK) {

  public Choices {
    if (choice_TK.length % topK != 0) {
      throw new IllegalArgumentException(choice_TK.length + " choices of " + topK + " a token");
    }
  }

  public int tokens() {
    return choice_TK.length / topK;
  }

  /** The expert in a slot of a token. */
  int expert(int token, int slot) {
    return choice_TK[token * topK + slot];
  }

  /** Whether a token chose an expert. */
  boolean chose(int token, int expert) {
    for (int slot = 0; slot < topK; slot++) {
      if (expert(token, slot) == expert) {
        return true;
      }
    }
    return false;
  }

  /** How many tokens chose each expert. */
  public long[] load_E() {
    long[] load_E = new long[experts];
    for (int expert : choice_TK) {
      load_E[expert]++;
    }
    return load_E;
  }

  /**
   * How many tokens chose two experts together; on the diagonal, how many chose the expert. Divided
   * by the diagonal it is the co-activation of OLMoE (arXiv 2409.02060, section 5.2).
   */
  public long[][] together_EE() {
    long[][] together_EE = new long[experts][experts];
    for (int token = 0; token < tokens(); token++) {
      for (int a = 0; a < topK; a++) {
        for (int b = 0; b < topK; b++) {
          together_EE[expert(token, a)][expert(token, b)]++;
        }
      }
    }
    return together_EE;
  }

  /** The choices of several texts, one after the other. */
  static Choices concat(List<Choices> parts) {
    Choices first = parts.getFirst();
    Set<List<Integer>> kinds =
        parts.stream().map(part -> List.of(part.experts, part.topK)).collect(Collectors.toSet());
    if (kinds.size() > 1) {
      throw new IllegalArgumentException("choices of layers that differ: " + kinds);
    }
    int[] all = parts.stream().flatMapToInt(part -> Arrays.stream(part.choice_TK)).toArray();
    return new Choices(first.experts, first.topK, all);
  }
}
