package io.cambium.upcycle;

import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Realised;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.BatchSums;
import io.cambium.upcycle.ledger.Deviations;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Evaluator;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.LedgerWriter;
import io.cambium.upcycle.ledger.PieceRoom;
import io.cambium.upcycle.ledger.Range;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.ledger.Unit;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Measures, while experts are written, how far copies of a dense block are from the block and each
 * from the copy before it, or replicas from their parent and from the replica before. What the
 * copies of a matrix add up to is kept unit by unit and added in the order of the plan, so that the
 * figures depend on no thread's timing.
 */
final class CopyDistances {

  /** Of larger matrices than of so many elements, a sample is measured: about as many. */
  private static final long ALL_UP_TO = 1 << 20;

  /** But no fewer than one in so many batches, each of some rows, all over the matrix. */
  private static final long SAMPLED = 8;

  private static final Map<Part, String> NAMES =
      Map.of(Part.EXPERT_GATE, "gate", Part.EXPERT_UP, "up", Part.EXPERT_DOWN, "down");

  /**
   * What all copies of a matrix have in common.
   *
   * @param matrix its part, or the tensor on disk where parts are interleaved in it
   */
  private record Lineage(Object matrix, int layer, int original) {}

  /** What copies are copies of, or a piece of it. */
  private record Block(Formula formula, Range range, float[] values, double squares) {}

  /** A matrix of the copy that was written last. */
  private record Last(int expert, float[] values) {}

  /** Which experts are copies of the same, and which of those is before which. */
  private interface Copies {

    boolean isCopy(int layer, int expert);

    /** An expert that is another copy of the same, or -1. */
    int before(int layer, int expert);

    /** What an expert is a copy of, such as the number of its parent. */
    int original(int layer, int expert);
  }

  /**
   * Sums over weights of one kind of matrix.
   *
   * @param changed weights that are not, bit by bit, those of the block
   * @param block sum of the block's squares, once for each copy
   * @param blockOfPairs the same over copies that have a neighbour before them
   */
  record Sums(
      long weights,
      long changed,
      double block,
      double fromBlock,
      double blockOfPairs,
      double betweenCopies) {

    private Sums plus(Sums other) {
      return new Sums(
          weights + other.weights,
          changed + other.changed,
          block + other.block,
          fromBlock + other.fromBlock,
          blockOfPairs + other.blockOfPairs,
          betweenCopies + other.betweenCopies);
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

  /** One in how many batches of a matrix is measured. */
  static long sampledOf(long elements) {
    return Math.clamp(elements / ALL_UP_TO, 1, SAMPLED);
  }

  /** Measures one unit, whose lines are copies of one original in their order. */
  final class Meter implements LedgerWriter.Listener {

    private final Evaluator evaluator;
    private final BatchSums batchSums = new BatchSums();
    private final SortedMap<String, Sums> sums = new TreeMap<>();
    private final Map<String, Last> last = new TreeMap<>();
    private float[] spare = {};
    private @Nullable Block block;

    private Meter(Evaluator evaluator) {
      this.evaluator = evaluator;
    }

    @Override
    public void evaluated(Entry entry, Range range, MemorySegment data) {
      if (!isSampled(entry.target().elements(), range)) {
        return;
      }
      ModelTensor target = entry.target();
      String name = Objects.requireNonNull(NAMES.get(target.part()));
      float[] written = read(entry, data);
      Block dense = block(entry.unperturbed(), range);
      float[] before = values(name, copies.before(target.layer(), target.expert()));
      sums.merge(name, sums(written, dense, before), Sums::plus);
      Last replaced = last.put(name, new Last(target.expert(), written));
      spare = replaced == null ? new float[0] : replaced.values;
    }

    private static boolean isSampled(long elements, Range range) {
      return range.from() / LedgerWriter.BATCH % sampledOf(elements) == 0;
    }

    /** Into an array that is no longer needed, where one fits. */
    private float[] read(Entry entry, MemorySegment data) {
      int count = Math.toIntExact(data.byteSize() * Byte.SIZE / entry.dtype().bits());
      float[] values = spare.length == count ? spare : new float[count];
      Floats.read(data, entry.dtype(), values);
      return values;
    }

    /** What copies are made of, once for all of them that follow each other. */
    private Block block(Entry unperturbed, Range range) {
      Block known = block;
      if (known == null
          || !known.range.equals(range)
          || !known.formula.equals(unperturbed.formula())) {
        float[] values = evaluator.elements(unperturbed, range);
        known = new Block(unperturbed.formula(), range, values, batchSums.ofSquares(values));
        block = known;
      }
      return known;
    }

    private Sums sums(float[] written, Block dense, float @Nullable [] before) {
      return new Sums(
          written.length,
          batchSums.differing(written, dense.values),
          dense.squares,
          batchSums.ofSquaredDifferences(written, dense.values),
          before == null ? 0 : dense.squares,
          before == null ? 0 : batchSums.ofSquaredDifferences(written, before));
    }

    private float @Nullable [] values(String name, int expert) {
      if (expert < 0) {
        return null;
      }
      Last written = Objects.requireNonNull(last.get(name));
      if (written.expert != expert) {
        throw new IllegalStateException("copies that do not come in their order");
      }
      return written.values;
    }

    /** What was measured, by the kind of matrix. */
    SortedMap<String, Sums> sums() {
      return sums;
    }
  }

  private final UpcyclePlan plan;
  private final List<Integer> layers;
  private final Copies copies;

  private CopyDistances(UpcyclePlan plan, List<Integer> layers, Copies copies) {
    this.plan = plan;
    this.layers = layers;
    this.copies = copies;
  }

  /** A measurement of what a plan writes; empty where copies equal what they are copies of. */
  static Optional<CopyDistances> of(UpcyclePlan plan) {
    boolean differ =
        plan.sources().size() > 1
            || plan.weights().stream().anyMatch(entry -> !entry.equals(entry.unperturbed()));
    return differ ? Optional.of(measuring(plan)) : Optional.empty();
  }

  private static CopyDistances measuring(UpcyclePlan plan) {
    List<Growth> growth = plan.manifest().growth();
    if (growth.isEmpty()) {
      SparseUpcycling sparse = Objects.requireNonNull(plan.manifest().sparse());
      return new CopyDistances(plan, sparse.layers(), ofBlocks(sparse.granularity()));
    }
    SortedMap<Integer, List<Integer>> parents = growth.getLast().parents();
    return new CopyDistances(plan, List.copyOf(parents.keySet()), ofExperts(parents));
  }

  /** Each is cut into so many shards; those of the same number are compared. */
  private static Copies ofBlocks(int granularity) {
    return new Copies() {
      @Override
      public boolean isCopy(int layer, int expert) {
        return true;
      }

      @Override
      public int before(int layer, int expert) {
        return Math.max(-1, expert - granularity);
      }

      @Override
      public int original(int layer, int expert) {
        return expert % granularity;
      }
    };
  }

  /** Replicas: all of a parent's experts but the first. */
  private static Copies ofExperts(SortedMap<Integer, List<Integer>> parents) {
    return new Copies() {
      @Override
      public boolean isCopy(int layer, int expert) {
        return before(parents(layer), expert) >= 0;
      }

      @Override
      public int before(int layer, int expert) {
        int before = before(parents(layer), expert);
        return before >= 0 && isCopy(layer, before) ? before : -1;
      }

      @Override
      public int original(int layer, int expert) {
        return parents(layer).get(expert);
      }

      private List<Integer> parents(int layer) {
        return Objects.requireNonNull(parents.get(layer));
      }

      private static int before(List<Integer> parents, int expert) {
        return parents.subList(0, expert).lastIndexOf(parents.get(expert));
      }
    };
  }

  /** What the copies of one matrix have in common, for a line that is one. */
  Optional<?> lineage(Entry entry) {
    ModelTensor target = entry.target();
    if (!NAMES.containsKey(target.part()) || !copies.isCopy(target.layer(), target.expert())) {
      return Optional.empty();
    }
    return Optional.of(
        new Lineage(
            entry.isContiguous() ? target.part() : target.name(),
            target.layer(),
            copies.original(target.layer(), target.expert())));
  }

  /** Measures a unit of a matrix's copies. */
  Meter meter(Evaluator evaluator) {
    return new Meter(evaluator);
  }

  /**
   * Of everything that was written.
   *
   * @param units what was measured of each, in the order of the plan
   */
  Realised realised(List<SortedMap<String, Sums>> units) {
    return realised(layers, units);
  }

  /** Computes the experts of the first routing layer for this alone. */
  Realised firstLayer(Sources sources) {
    int first = layers.getFirst();
    List<Entry> experts =
        plan.weights().stream()
            .filter(entry -> entry.target().layer() == first && lineage(entry).isPresent())
            .toList();
    Deviations deviations = new Deviations();
    List<SortedMap<String, Sums>> sums = new ArrayList<>();
    List<Unit> units = Unit.of(experts, this::lineage);
    try (PieceRoom room = PieceRoom.of(units)) {
      for (Unit unit : units) {
        Evaluator evaluator = new Evaluator(sources, deviations);
        Meter meter = meter(evaluator);
        new LedgerWriter(sources, evaluator, room, (_, _, _) -> {}, meter).write(unit);
        sums.add(meter.sums());
      }
    }
    return realised(List.of(first), sums);
  }

  private static Realised realised(List<Integer> layers, List<SortedMap<String, Sums>> units) {
    SortedMap<String, Sums> totals = new TreeMap<>();
    units.forEach(unit -> unit.forEach((name, sums) -> totals.merge(name, sums, Sums::plus)));
    SortedMap<String, Distances> matrices = new TreeMap<>();
    totals.forEach((name, sums) -> matrices.put(name, sums.distances()));
    return new Realised(layers, matrices);
  }
}
