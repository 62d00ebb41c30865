package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.upcycle.ledger.Deviations;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Evaluator;
import io.cambium.upcycle.ledger.LedgerWriter;
import io.cambium.upcycle.ledger.PieceRoom;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.ledger.Unit;
import io.cambium.upcycle.ledger.WorkingMemory;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;

/**
 * Writes what a plan says, unit by unit, on several threads: ledger, units, files. What a unit
 * writes depends on the plan alone, so that neither the threads nor their order nor an interruption
 * can change a byte.
 */
final class Executor {

  private final UpcyclePlan plan;
  private final Sources sources;
  private final Outputs outputs;
  private final Journal journal;
  private final Progress progress;
  private final Optional<CopyDistances> distances;
  private final List<Unit> units;
  private final Deviations deviations = new Deviations();
  private final Semaphore memory = new Semaphore(WorkingMemory.TOGETHER_MEGABYTES);

  Executor(UpcyclePlan plan, Sources sources, Outputs outputs, Journal journal, Progress progress) {
    this.plan = plan;
    this.sources = sources;
    this.outputs = outputs;
    this.journal = journal;
    this.progress = progress;
    this.distances = CopyDistances.of(plan);
    this.units = new ArrayList<>(Unit.of(plan.optimizer(), _ -> Optional.empty()));
    this.units.addAll(Unit.of(plan.weights(), this::lineage));
  }

  private Optional<?> lineage(Entry entry) {
    return distances.flatMap(measured -> measured.lineage(entry));
  }

  /** Every piece of work, in the order of the plan. */
  List<Unit> units() {
    return units;
  }

  /**
   * Writes whatever the journal does not have, or has of what is no longer there.
   *
   * @param compare whether to read what an earlier process wrote: nobody else will
   */
  Writing execute(int threads, boolean compare) {
    long start = System.nanoTime();
    long lost = bytes(forgetLost(threads, compare));
    Map<Integer, Journal.Done> before = journal.done();
    before.values().forEach(outputs::alreadyWritten);
    long earlier = bytes(before.keySet());
    long total = units.stream().mapToLong(Unit::bytes).sum();
    ByteProgress written = new ByteProgress(progress, "writing", earlier, total);
    List<Integer> open =
        IntStream.range(0, units.size()).filter(n -> !before.containsKey(n)).boxed().toList();
    try (PieceRoom room = PieceRoom.of(units)) {
      Workers.forEach(
          open,
          threads,
          unit -> {
            write(unit, room);
            written.add(units.get(unit).bytes());
          });
    } catch (RuntimeException | Error e) {
      flushAfter(e);
      throw e;
    }
    flush();
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Writing(total - earlier, earlier, lost, seconds, outputs.isDirect());
  }

  private long bytes(Set<Integer> numbers) {
    return numbers.stream().mapToLong(number -> units.get(number).bytes()).sum();
  }

  /** A file may have been deleted or cut since the journal took note of what was in it. */
  private Set<Integer> forgetLost(int threads, boolean compare) {
    Map<Integer, Journal.Done> before = journal.done();
    ByteProgress checked =
        new ByteProgress(progress, "checking what was written", 0, bytes(before.keySet()));
    Set<Integer> lost = ConcurrentHashMap.newKeySet();
    Workers.forEach(
        List.copyOf(before.values()),
        threads,
        unit -> {
          if (!outputs.hold(unit, compare)) {
            lost.add(unit.unit());
          }
          checked.add(units.get(unit.unit()).bytes());
        });
    if (!lost.isEmpty()) {
      journal.forget(lost);
    }
    return lost;
  }

  private void write(int number, PieceRoom room) {
    Unit unit = units.get(number);
    int megabytes = WorkingMemory.megabytes(unit);
    memory.acquireUninterruptibly(megabytes);
    boolean flushDue;
    try {
      flushDue = journal.add(written(number, unit, room));
    } finally {
      memory.release(megabytes);
    }
    if (flushDue) {
      flush();
    }
  }

  /** What was written before a failure is to be gone on with. */
  private void flushAfter(Throwable failure) {
    try {
      flush();
    } catch (CheckpointException e) {
      failure.addSuppressed(e);
    }
  }

  /** Makes sure of what has been written so far. */
  void flush() {
    journal.flush(outputs::flush);
  }

  private Journal.Done written(int number, Unit unit, PieceRoom room) {
    Evaluator evaluator = new Evaluator(sources, deviations);
    Optional<CopyDistances.Meter> meter =
        distances.filter(_ -> unit.measured()).map(measured -> measured.meter(evaluator));
    WrittenPieces pieces = new WrittenPieces(outputs, !unit.isPiece());
    LedgerWriter.Listener listener =
        meter.<LedgerWriter.Listener>map(m -> m).orElse(LedgerWriter.Listener.NONE);
    new LedgerWriter(sources, evaluator, room, pieces, listener).write(unit);
    return new Journal.Done(
        number, pieces.all(), meter.map(CopyDistances.Meter::sums).orElseGet(TreeMap::new));
  }

  /** The manifest with what was measured while writing, but for the checksums. */
  Manifest manifest() {
    List<SortedMap<String, CopyDistances.Sums>> sums =
        journal.done().values().stream().map(Journal.Done::distances).toList();
    return distances
        .map(measured -> plan.manifest().withRealised(measured.realised(sums)))
        .orElse(plan.manifest());
  }
}
