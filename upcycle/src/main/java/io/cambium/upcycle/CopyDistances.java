package io.cambium.upcycle;

import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Realised;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import io.cambium.checkpoint.family.ModelTensor;
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
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Measures, while experts are written, how far copies of a dense block are from the block and from
 * each other, or replicas from their parent and from each other. Of each matrix the last copy stays
 * in memory, to be compared with the next; a neighbour that is longer gone is computed again.
 */
final class CopyDistances implements LedgerWriter.Listener {

  private static final Map<Part, String> NAMES =
      Map.of(Part.EXPERT_GATE, "gate", Part.EXPERT_UP, "up", Part.EXPERT_DOWN, "down");

  /** A matrix of an expert. */
  private record Place(Part part, int layer, int expert) {

    static Place of(ModelTensor target) {
      return new Place(target.part(), target.layer(), target.expert());
    }
  }

  /** A matrix of the expert that was written last. */
  private record Last(Place place, float[] values) {}

  /** Which experts are copies, and of which of them there is another one before them. */
  private interface Copies {

    boolean isCopy(int layer, int expert);

    /** An expert that is another copy of the same, or -1. */
    int before(int layer, int expert);
  }

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
        fromBlock += square((double) written[i] - dense[i]);
        if (other != null) {
          blockOfPairs += square(dense[i]);
          betweenCopies += square((double) written[i] - other[i]);
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
  private final List<Integer> layers;
  private final Copies copies;
  private final Evaluator evaluator;
  private final Map<Place, Entry> entries = new HashMap<>();
  private final Map<Part, Sums> sums = new EnumMap<>(Part.class);
  private final Map<Place, Last> last = new HashMap<>();
  private final int shards;

  private CopyDistances(
      UpcyclePlan plan, List<Integer> layers, int shards, Copies copies, Sources sources) {
    this.plan = plan;
    this.layers = layers;
    this.shards = shards;
    this.copies = copies;
    this.evaluator = new Evaluator(sources);
    for (Entry entry : plan.weights()) {
      if (NAMES.containsKey(entry.target().part())) {
        entries.put(Place.of(entry.target()), entry);
      }
    }
  }

  /** A measurement of what a plan writes; empty where copies equal what they are copies of. */
  static Optional<CopyDistances> of(UpcyclePlan plan, Sources sources) {
    boolean differ =
        sources.checkpoints().size() > 1
            || plan.weights().stream().anyMatch(entry -> !entry.equals(entry.unperturbed()));
    return differ ? Optional.of(measuring(plan, sources)) : Optional.empty();
  }

  private static CopyDistances measuring(UpcyclePlan plan, Sources sources) {
    List<Growth> growth = plan.manifest().growth();
    if (growth.isEmpty()) {
      SparseUpcycling sparse = Objects.requireNonNull(plan.manifest().sparse());
      return new CopyDistances(
          plan, sparse.layers(), sparse.granularity(), ofBlocks(sparse.granularity()), sources);
    }
    SortedMap<Integer, List<Integer>> parents = growth.getLast().parents();
    return new CopyDistances(plan, List.copyOf(parents.keySet()), 1, ofExperts(parents), sources);
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

      private List<Integer> parents(int layer) {
        return Objects.requireNonNull(parents.get(layer));
      }

      private static int before(List<Integer> parents, int expert) {
        return parents.subList(0, expert).lastIndexOf(parents.get(expert));
      }
    };
  }

  @Override
  public void evaluated(Entry entry, long offset, MemorySegment data) {
    Place place = Place.of(entry.target());
    if (!NAMES.containsKey(place.part) || !copies.isCopy(place.layer, place.expert)) {
      return;
    }
    if (data.byteSize() != entry.bytes()) {
      throw new IllegalStateException(entry.target().name() + " comes in pieces");
    }
    float[] written = Floats.read(data, entry.dtype());
    int before = copies.before(place.layer, place.expert);
    float[] other = before < 0 ? null : values(new Place(place.part, place.layer, before));
    sums.computeIfAbsent(place.part, _ -> new Sums())
        .add(written, values(entry.unperturbed()), other);
    last.put(shard(place), new Last(place, written));
  }

  /** What the last copy is remembered by. */
  private Place shard(Place place) {
    return new Place(place.part, ModelTensor.NONE, place.expert % shards);
  }

  private float[] values(Place place) {
    Last remembered = last.get(shard(place));
    return remembered != null && remembered.place.equals(place)
        ? remembered.values
        : values(Objects.requireNonNull(entries.get(place)));
  }

  /** As they are written. */
  private float[] values(Entry entry) {
    float[][] values = new float[1][];
    evaluator.evaluate(entry, (_, data) -> values[0] = Floats.read(data, entry.dtype()));
    return values[0];
  }

  /** Of everything that was written. */
  Realised realised() {
    return realised(layers);
  }

  /** Computes the experts of the first routing layer for this alone. */
  Realised firstLayer() {
    int first = layers.getFirst();
    for (Entry entry : plan.weights()) {
      if (entry.target().layer() == first && entry.target().part().isExpert()) {
        evaluator.evaluate(entry, (offset, data) -> evaluated(entry, offset, data));
      }
    }
    return realised(List.of(first));
  }

  private Realised realised(List<Integer> measured) {
    SortedMap<String, Distances> matrices = new TreeMap<>();
    sums.forEach((part, sum) -> matrices.put(NAMES.get(part), sum.distances()));
    return new Realised(measured, matrices);
  }
}
