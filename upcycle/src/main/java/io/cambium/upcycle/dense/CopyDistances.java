package io.cambium.upcycle.dense;

import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Realised;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Evaluator;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.ledger.LedgerWriter;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Measures, while experts are written, how far copies of a dense block are from the block and from
 * each other. Of each matrix the last copy stays in memory, to be compared with the next.
 */
public final class CopyDistances implements LedgerWriter.Listener {

  private static final Map<Part, String> NAMES =
      Map.of(Part.EXPERT_GATE, "gate", Part.EXPERT_UP, "up", Part.EXPERT_DOWN, "down");

  /** A matrix that every copy has. */
  private record Place(Part part, int shard) {}

  /** The last copy of it. */
  private record Last(int layer, int copy, float[] values) {}

  /** Sums over the matrices of one kind. */
  private static final class Sums {
    private long weights;
    private long changed;
    private double block;
    private double fromBlock;
    private double blockOfPairs;
    private double betweenCopies;

    void add(float[] written, float[] dense, float @Nullable [] other) {
      weights += written.length;
      for (int i = 0; i < written.length; i++) {
        changed += written[i] == dense[i] ? 0 : 1;
        block += square(dense[i]);
        fromBlock += square(written[i] - dense[i]);
        if (other != null) {
          blockOfPairs += square(dense[i]);
          betweenCopies += square(written[i] - other[i]);
        }
      }
    }

    private static double square(double value) {
      return value * value;
    }

    Distances distances() {
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

  private final UpcyclePlan plan;
  private final SparseUpcycling sparse;
  private final Evaluator evaluator;
  private final Map<Part, Sums> sums = new EnumMap<>(Part.class);
  private final Map<Place, Last> last = new HashMap<>();

  private CopyDistances(UpcyclePlan plan, SparseUpcycling sparse, Sources sources) {
    this.plan = plan;
    this.sparse = sparse;
    this.evaluator = new Evaluator(sources);
  }

  /** A measurement of what a plan writes; empty where copies equal their block. */
  public static Optional<CopyDistances> of(UpcyclePlan plan, Sources sources) {
    SparseUpcycling sparse = plan.manifest().sparse();
    if (sparse == null || !plan.manifest().growth().isEmpty()) {
      return Optional.empty();
    }
    boolean differ =
        sparse.sources().size() > 1
            || plan.weights().stream().anyMatch(entry -> !entry.equals(entry.unperturbed()));
    return differ ? Optional.of(new CopyDistances(plan, sparse, sources)) : Optional.empty();
  }

  @Override
  public void evaluated(Entry entry, long offset, MemorySegment data) {
    if (!NAMES.containsKey(entry.target().part())) {
      return;
    }
    if (data.byteSize() != entry.bytes()) {
      throw new IllegalStateException(entry.target().name() + " comes in pieces");
    }
    float[] written = Floats.read(data, entry.dtype());
    int layer = entry.target().layer();
    int copy = entry.target().expert() / sparse.granularity();
    int shard = entry.target().expert() % sparse.granularity();
    Last before = last.put(new Place(entry.target().part(), shard), new Last(layer, copy, written));
    boolean neighbour = before != null && before.layer == layer && before.copy == copy - 1;
    sums.computeIfAbsent(entry.target().part(), _ -> new Sums())
        .add(written, block(entry), neighbour ? before.values : null);
  }

  /** The block's own weights in the place of an expert's. */
  private float[] block(Entry entry) {
    float[][] values = new float[1][];
    evaluator.evaluate(
        entry.unperturbed(), (_, data) -> values[0] = Floats.read(data, entry.dtype()));
    return values[0];
  }

  /** Of everything that was written. */
  public Realised realised() {
    return realised(sparse.layers());
  }

  /** Computes the experts of the first routing layer for this alone. */
  public Realised firstLayer() {
    int first = sparse.layers().getFirst();
    for (Entry entry : plan.weights()) {
      if (entry.target().layer() == first && entry.target().part().isExpert()) {
        evaluator.evaluate(entry, (offset, data) -> evaluated(entry, offset, data));
      }
    }
    return realised(List.of(first));
  }

  private Realised realised(List<Integer> layers) {
    SortedMap<String, Distances> matrices = new TreeMap<>();
    sums.forEach((part, sum) -> matrices.put(NAMES.get(part), sum.distances()));
    return new Realised(layers, matrices);
  }
}
