package io.cambium.lab;

import io.cambium.checkpoint.UsageException;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How much of the gap between the small and the large model growing closed: eta = (L_fixedE - L_up)
 * / (L_fixedE - L_fixed_mE), validation losses at equal total tokens (Expert Upcycling, arXiv
 * 2604.19835). 1 is all of it, 0 none, below 0 worse than not growing.
 *
 * @param seeds how many runs of each model it rests on
 * @param gap L_fixedE - L_fixed_mE in nats, mean over the seeds
 * @param noise what the gap varies by without any cause, in nats
 * @param eta ratio of the means; absent where the gap is no larger than the noise, as any number
 *     would be chance
 * @param lowest eta of the seed with the lowest one
 * @param highest eta of the seed with the highest one
 */
public record GapClosure(
    int seeds,
    double gap,
    double noise,
    @Nullable Double eta,
    @Nullable Double lowest,
    @Nullable Double highest) {

  /**
   * Final validation losses of one seed, at equal total tokens, in nats per token.
   *
   * @param fixedE the small model trained throughout
   * @param upcycled the grown model
   * @param fixedmE the large model trained throughout
   */
  public record Losses(double fixedE, double upcycled, double fixedmE) {

    /** What there is to close. */
    public double gap() {
      return fixedE - fixedmE;
    }

    /** What the grown model closed of it. */
    public double closed() {
      return fixedE - upcycled;
    }
  }

  /**
   * From one seed, which cannot know the spread between seeds.
   *
   * @param noise a lower bound of it, as {@link #scatter} measures it
   */
  public static GapClosure ofOneSeed(Losses losses, double noise) {
    return of(List.of(losses), noise);
  }

  /**
   * From several seeds. The noise is the spread of the gap between them, highest minus lowest.
   *
   * @throws UsageException for fewer than two
   */
  public static GapClosure ofSeeds(List<Losses> seeds) {
    if (seeds.size() < 2) {
      throw new UsageException(null, "a spread between seeds needs at least two", "run more seeds");
    }
    var gaps = seeds.stream().mapToDouble(Losses::gap).summaryStatistics();
    return of(seeds, gaps.getMax() - gaps.getMin());
  }

  private static GapClosure of(List<Losses> seeds, double noise) {
    double gap = mean(seeds, Losses::gap);
    if (gap <= noise) {
      return new GapClosure(seeds.size(), gap, noise, null, null, null);
    }
    // A mean above the spread, or a single gap above zero: every seed's own gap is above zero.
    var etas = seeds.stream().mapToDouble(seed -> seed.closed() / seed.gap()).summaryStatistics();
    double eta = mean(seeds, Losses::closed) / gap;
    return new GapClosure(seeds.size(), gap, noise, eta, etas.getMin(), etas.getMax());
  }

  /**
   * How much the gap between two runs scatters from one evaluation to the next, over the last third
   * of the evaluations they have in common: the standard deviation by successive differences, which
   * a slow trend hardly moves (von Neumann 1941). 0 with fewer than three evaluations.
   */
  public static double scatter(RunHistory fixedE, RunHistory fixedmE) {
    double[] gaps = fixedE.lossOver(fixedmE).values().stream().mapToDouble(gap -> gap).toArray();
    int first = Math.max(0, Math.min(gaps.length - 3, gaps.length * 2 / 3));
    double squares = 0;
    for (int i = first + 1; i < gaps.length; i++) {
      squares += (gaps[i] - gaps[i - 1]) * (gaps[i] - gaps[i - 1]);
    }
    int differences = gaps.length - first - 1;
    return differences < 2 ? 0 : Math.sqrt(squares / (2 * differences));
  }

  /** For people: {@code 64 % (one seed)}. */
  public String text() {
    String runs = seeds == 1 ? "one seed" : seeds + " seeds";
    if (eta == null || lowest == null || highest == null) {
      return "not resolved (%s)".formatted(runs);
    }
    return seeds == 1
        ? String.format(Locale.ROOT, "%.0f %% (%s)", 100 * eta, runs)
        : String.format(
            Locale.ROOT,
            "%.0f %% (%.0f to %.0f, %s)",
            100 * eta,
            100 * lowest,
            100 * highest,
            runs);
  }

  private static double mean(List<Losses> seeds, ToDoubleFunction<Losses> value) {
    return seeds.stream().mapToDouble(value).average().orElseThrow();
  }
}
