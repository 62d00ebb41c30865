package io.cambium.upcycle.dense;

import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Realised;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.Deviations;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Evaluator;
import io.cambium.upcycle.ledger.LedgerWriter;
import io.cambium.upcycle.ledger.Range;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.ledger.Unit;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Measures, while experts are written, how far copies of a dense block are from the block and from
 * each other. What the copies of a matrix add up to is kept unit by unit and added in the order of
 * the plan, so that the figures depend on no thread's timing.
 */
public final class CopyDistances {

  private static final Map<Part, String> NAMES =
      Map.of(Part.EXPERT_GATE, "gate", Part.EXPERT_UP, "up", Part.EXPERT_DOWN, "down");

  /** A matrix that every copy has. */
  private record Place(Part part, int layer, int shard) {}

  /**
   * Sums over weights of one kind of matrix.
   *
   * @param changed weights that are another number than in the block
   * @param block sum of the block's squares, once for each copy
   * @param blockOfPairs the same over copies that have a neighbour before them
   */
  public record Sums(
      long weights,
      long changed,
      double block,
      double fromBlock,
      double blockOfPairs,
      double betweenCopies) {

    /** Weights whose squares are added in fp32 before they go into the sum. */
    private static final int BATCH = 4096;

    private static final int LANES = 512;

    private static final Sums NONE = new Sums(0, 0, 0, 0, 0, 0);

    private Sums plus(Sums other) {
      return new Sums(
          weights + other.weights,
          changed + other.changed,
          block + other.block,
          fromBlock + other.fromBlock,
          blockOfPairs + other.blockOfPairs,
          betweenCopies + other.betweenCopies);
    }

    private static Sums of(float[] written, float[] dense, float @Nullable [] other) {
      long changed = 0;
      for (int i = 0; i < written.length; i++) {
        changed += written[i] == dense[i] ? 0 : 1;
      }
      double block = squares(dense, new float[dense.length]);
      double blockOfPairs = other == null ? 0 : block;
      double betweenCopies = other == null ? 0 : squares(written, other);
      double fromBlock = squares(written, dense);
      return new Sums(written.length, changed, block, fromBlock, blockOfPairs, betweenCopies);
    }

    /** Of differences. Many sums side by side, which become vector instructions. */
    private static double squares(float[] a, float[] b) {
      double all = 0;
      for (int from = 0; from < a.length; from += BATCH) {
        float[] sums = new float[LANES];
        int whole = Math.min(BATCH, a.length - from) / LANES * LANES;
        for (int at = from; at < from + whole; at += LANES) {
          for (int lane = 0; lane < LANES; lane++) {
            float difference = a[at + lane] - b[at + lane];
            sums[lane] += difference * difference;
          }
        }
        for (int i = from + whole; i < Math.min(from + BATCH, a.length); i++) {
          float difference = a[i] - b[i];
          all += difference * difference;
        }
        for (float sum : sums) {
          all += sum;
        }
      }
      return all;
    }

    private Distances distances() {
      return new Distances(
          relative(fromBlock, block),
          relative(betweenCopies, blockOfPairs),
          (double) changed / weights);
    }

    /** A block of zeros has no scale to measure by. */
    private static double relative(double squares, double of) {
      return of == 0 ? 0 : Math.sqrt(squares / of);
    }
  }

  /** Measures one unit, whose lines are copies of one matrix in their order. */
  public final class Meter implements LedgerWriter.Listener {

    private final Evaluator evaluator;
    private Sums sums = Sums.NONE;
    private int lastCopy = -1;
    private float[] last = {};

    private Meter(Evaluator evaluator) {
      this.evaluator = evaluator;
    }

    @Override
    public void evaluated(Entry entry, Range range, float[] written) {
      int copy = copy(entry);
      boolean neighbour = copy == lastCopy + 1 && copy > 0;
      float[] dense = evaluator.elements(entry.unperturbed(), range);
      sums = sums.plus(Sums.of(written, dense, neighbour ? last : null));
      last = written;
      lastCopy = copy;
    }

    /** What was measured. */
    public Sums sums() {
      return sums;
    }
  }

  private final UpcyclePlan plan;
  private final SparseUpcycling sparse;

  private CopyDistances(UpcyclePlan plan, SparseUpcycling sparse) {
    this.plan = plan;
    this.sparse = sparse;
  }

  /** A measurement of what a plan writes; empty where copies equal their block. */
  public static Optional<CopyDistances> of(UpcyclePlan plan) {
    SparseUpcycling sparse = plan.manifest().sparse();
    if (sparse == null || !plan.manifest().growth().isEmpty()) {
      return Optional.empty();
    }
    boolean differ =
        sparse.sources().size() > 1
            || plan.weights().stream().anyMatch(entry -> !entry.equals(entry.unperturbed()));
    return differ ? Optional.of(new CopyDistances(plan, sparse)) : Optional.empty();
  }

  /** What the copies of one matrix have in common, for a line that is one. */
  public Optional<?> matrix(Entry entry) {
    return NAMES.containsKey(entry.target().part())
        ? Optional.of(
            new Place(
                entry.target().part(),
                entry.target().layer(),
                entry.target().expert() % sparse.granularity()))
        : Optional.empty();
  }

  private int copy(Entry entry) {
    return entry.target().expert() / sparse.granularity();
  }

  /** Measures a unit of a matrix's copies. */
  public Meter meter(Evaluator evaluator) {
    return new Meter(evaluator);
  }

  /**
   * Of everything that was written.
   *
   * @param units all of the plan, in its order
   * @param sums of each of them; null for those that are not copies of a matrix
   */
  public Realised realised(List<Unit> units, List<@Nullable Sums> sums) {
    return realised(sparse.layers(), units, sums);
  }

  /** Computes the experts of the first routing layer for this alone. */
  public Realised firstLayer(Sources sources) {
    int first = sparse.layers().getFirst();
    List<Entry> experts =
        plan.weights().stream()
            .filter(entry -> entry.target().layer() == first && matrix(entry).isPresent())
            .toList();
    List<Unit> units = Unit.of(experts, this::matrix);
    Deviations deviations = new Deviations();
    List<@Nullable Sums> sums = new ArrayList<>();
    for (Unit unit : units) {
      Evaluator evaluator = new Evaluator(sources, deviations);
      Meter meter = meter(evaluator);
      new LedgerWriter(sources, evaluator, (_, _, _) -> {}, meter).write(unit);
      sums.add(meter.sums());
    }
    return realised(List.of(first), units, sums);
  }

  private Realised realised(List<Integer> layers, List<Unit> units, List<@Nullable Sums> sums) {
    Map<Part, Sums> totals = new EnumMap<>(Part.class);
    for (int n = 0; n < units.size(); n++) {
      Sums unit = sums.get(n);
      if (unit != null) {
        totals.merge(units.get(n).entries().getFirst().target().part(), unit, Sums::plus);
      }
    }
    SortedMap<String, Distances> matrices = new TreeMap<>();
    totals.forEach((part, sum) -> matrices.put(NAMES.get(part), sum.distances()));
    return new Realised(layers, matrices);
  }
}
