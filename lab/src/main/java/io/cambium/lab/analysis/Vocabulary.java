package io.cambium.lab.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * Whether an expert serves certain tokens of the vocabulary, wherever they stand (OLMoE, arXiv
 * 2409.02060, section 5.4): of a token's occurrences, the share that chooses an expert. Tokens that
 * occur fewer than {@value #LEAST_COUNT} times are left out, as their largest share is mostly
 * chance.
 *
 * @param ids how many tokens of the vocabulary that leaves
 * @param specialisation each token's share at the expert it chooses most, mean over these tokens; 1
 *     where a token always takes the same way, about K/E plus chance where it says nothing
 * @param experts what each is chosen for; those that no token chooses most are left out
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Vocabulary(int ids, double specialisation, List<Expert> experts) {

  static final int LEAST_COUNT = 8;
  private static final int SHOWN = 8;

  /**
   * An expert.
   *
   * @param ids how many tokens of the vocabulary choose it more often than any other
   * @param specialisation mean of their shares
   * @param tokens those with the highest shares, the frequent ones first among equals
   */
  public record Expert(int expert, int ids, double specialisation, List<Token> tokens) {}

  /**
   * A token of the vocabulary.
   *
   * @param count how often it occurs
   * @param share of these occurrences that chose the expert
   */
  public record Token(int id, String text, int count, double share) {}

  /** A token with the expert it chooses most; of equals the lowest. */
  private record Favourite(int expert, int id, int count, double share) {}

  /**
   * Counts the choices by token.
   *
   * @param id_T the id of each token
   * @param text the text of an id
   */
  static Vocabulary of(Choices choices, int[] id_T, IntFunction<String> text) {
    List<Favourite> favourites = favourites(choices, id_T);
    Map<Integer, List<Favourite>> byExpert = new TreeMap<>();
    favourites.forEach(favourite ->
        byExpert.computeIfAbsent(favourite.expert, e -> new ArrayList<>()).add(favourite));
    List<Expert> experts = new ArrayList<>();
    byExpert.forEach(
        (expert, own) -> experts.add(new Expert(expert, own.size(), mean(own), shown(own, text))));
    return new Vocabulary(favourites.size(), mean(favourites), experts);
  }

  private static List<Favourite> favourites(Choices choices, int[] id_T) {
    Map<Integer, int[]> load_E = new TreeMap<>();
    Map<Integer, Integer> count = new TreeMap<>();
    for (int token = 0; token < id_T.length; token++) {
      count.merge(id_T[token], 1, Integer::sum);
      int[] own_E = load_E.computeIfAbsent(id_T[token], id -> new int[choices.experts()]);
      for (int slot = 0; slot < choices.topK(); slot++) {
        own_E[choices.expert(token, slot)]++;
      }
    }
    List<Favourite> favourites = new ArrayList<>();
    count.forEach((id, occurrences) -> {
      if (occurrences >= LEAST_COUNT) {
        int[] own_E = load_E.getOrDefault(id, new int[0]);
        int best = indexOfLargest(own_E);
        favourites.add(new Favourite(best, id, occurrences, (double) own_E[best] / occurrences));
      }
    });
    return favourites;
  }

  private static int indexOfLargest(int[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  private static double mean(List<Favourite> favourites) {
    return favourites.stream().mapToDouble(Favourite::share).average().orElse(0);
  }

  private static List<Token> shown(List<Favourite> own, IntFunction<String> text) {
    return own.stream()
        .sorted(
            Comparator.comparingDouble(Favourite::share)
                .thenComparingInt(Favourite::count)
                .reversed())
        .limit(SHOWN)
        .map(f -> new Token(f.id, text.apply(f.id), f.count, f.share))
        .toList();
  }
}
