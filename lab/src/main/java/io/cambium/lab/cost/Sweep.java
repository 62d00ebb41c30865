package io.cambium.lab.cost;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What other transition times and multipliers would save.
 *
 * @param multipliers m, rising
 * @param rows by rising share of the steps before growing
 * @param kneeShare the latest share before which quality begins to fall, as far as is published
 * @param kneeMultiplier after which a doubling of the experts adds little to the saving
 */
public record Sweep(
    List<Integer> multipliers, List<Row> rows, double kneeShare, int kneeMultiplier) {

  /**
   * One transition time.
   *
   * @param share tau over T
   * @param published gap closure that was measured there (arXiv 2604.19835, 7B to 13B, 32 to 64
   *     experts): 1 is as good as the larger model from the start; null where nothing was
   * @param savings for each multiplier
   */
  public record Row(double share, @Nullable Double published, List<Double> savings) {}

  private static final List<Double> PUBLISHED_SHARES = List.of(0.05, 0.13, 0.25, 0.38, 0.51);
  private static final List<Double> PUBLISHED_CLOSURES = List.of(0.81, 1.0, 1.0, 1.0, 0.98);
  private static final List<Double> ROUND_SHARES = List.of(1.0 / 3, 0.5, 2.0 / 3);
  private static final List<Integer> DOUBLINGS = List.of(2, 4, 8, 16);

  /**
   * Sweeps.
   *
   * @param seconds of a step by multiplier, 1 for the model before growing
   * @param own the multiplier of the run, which has a column too
   * @param ownShare and its transition time
   */
  static Sweep of(IntToDoubleFunction seconds, int own, double ownShare) {
    List<Integer> multipliers = new ArrayList<>(new TreeSet<>(with(DOUBLINGS, own)));
    SortedMap<Double, @Nullable Double> shares = new TreeMap<>();
    with(ROUND_SHARES, ownShare).forEach(share -> shares.put(share, null));
    for (int i = 0; i < PUBLISHED_SHARES.size(); i++) {
      shares.put(PUBLISHED_SHARES.get(i), PUBLISHED_CLOSURES.get(i));
    }
    List<Row> rows = new ArrayList<>();
    shares.forEach((share, closure) ->
        rows.add(
            new Row(
                share,
                closure,
                multipliers.stream().map(m -> saving(seconds, m, share)).toList())));
    double kneeShare =
        PUBLISHED_SHARES.get(1 + Knee.of(tail(PUBLISHED_SHARES), tail(PUBLISHED_CLOSURES)));
    int knee =
        Knee.of(
            DOUBLINGS.stream().map(m -> Math.log(m)).toList(),
            DOUBLINGS.stream().map(m -> saving(seconds, m, kneeShare)).toList());
    return new Sweep(multipliers, rows, kneeShare, DOUBLINGS.get(knee));
  }

  private static <T> List<T> with(List<T> values, T another) {
    List<T> all = new ArrayList<>(values);
    all.add(another);
    return all;
  }

  /** From the first share on at which nothing was lost. */
  private static List<Double> tail(List<Double> values) {
    return values.subList(1, values.size());
  }

  private static double saving(IntToDoubleFunction seconds, int multiplier, double share) {
    return Cost.of(1, share, seconds.applyAsDouble(1), seconds.applyAsDouble(multiplier)).saving();
  }
}
