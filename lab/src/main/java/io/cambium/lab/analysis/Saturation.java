package io.cambium.lab.analysis;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How much of the earlier checkpoint's routing the later one still has (OLMoE, arXiv 2409.02060,
 * section 5.1): of the experts that a token chose then, the share that it chooses now, |then and
 * now| / K, mean over the tokens. Where the model grew in between, an expert is chosen still if one
 * of its descendants is.
 *
 * @param overall over all tokens
 * @param domains by domain
 * @param experts by expert of the earlier checkpoint: of the tokens that chose it then, the share
 *     that does now; 0 where none did
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Saturation(
    double overall, SequencedMap<String, Double> domains, List<Double> experts) {

  /**
   * Compares two checkpoints' choices on the same text.
   *
   * @param ancestors for each expert of the later one, that of the earlier one it descends from
   * @param domain_T the domain of each token, as an index of {@code domains}
   */
  static Saturation of(
      Choices earlier,
      Choices later,
      List<Integer> ancestors,
      int[] domain_T,
      List<String> domains) {
    long[] kept_G = new long[domains.size()];
    long[] tokens_G = new long[domains.size()];
    long[] kept_E = new long[earlier.experts()];
    for (int token = 0; token < earlier.tokens(); token++) {
      tokens_G[domain_T[token]]++;
      boolean[] still_E = chosen(later, token, ancestors, earlier.experts());
      for (int slot = 0; slot < earlier.topK(); slot++) {
        int expert = earlier.expert(token, slot);
        if (still_E[expert]) {
          kept_G[domain_T[token]]++;
          kept_E[expert]++;
        }
      }
    }
    return new Saturation(
        (double) sum(kept_G) / earlier.choice_TK().length,
        byDomain(domains, kept_G, tokens_G, earlier.topK()),
        shares(kept_E, earlier.load_E()));
  }

  private static boolean[] chosen(Choices later, int token, List<Integer> ancestors, int experts) {
    boolean[] chosen_E = new boolean[experts];
    for (int slot = 0; slot < later.topK(); slot++) {
      chosen_E[ancestors.get(later.expert(token, slot))] = true;
    }
    return chosen_E;
  }

  private static SequencedMap<String, Double> byDomain(
      List<String> domains, long[] kept_G, long[] tokens_G, int topK) {
    SequencedMap<String, Double> shares = new LinkedHashMap<>();
    for (int domain = 0; domain < kept_G.length; domain++) {
      shares.put(domains.get(domain), (double) kept_G[domain] / (tokens_G[domain] * topK));
    }
    return shares;
  }

  private static List<Double> shares(long[] kept_E, long[] load_E) {
    return IntStream.range(0, kept_E.length)
        .mapToObj(e -> load_E[e] == 0 ? 0.0 : (double) kept_E[e] / load_E[e])
        .toList();
  }

  private static long sum(long[] values) {
    return Arrays.stream(values).sum();
  }
}
