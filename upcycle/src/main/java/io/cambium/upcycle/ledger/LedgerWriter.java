package io.cambium.upcycle.ledger;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Writes the lines of a ledger into the tensors on disk that they fill. Parts that lie apart on
 * disk, such as the columns of a transposed matrix, are put together in memory first: one expert's
 * share of the tensor at a time.
 */
public final class LedgerWriter {

  /** Takes a piece of a named tensor. */
  public interface Output {
    void write(String tensor, long offset, MemorySegment data);
  }

  /** Watches what is computed, before it is put into its place. */
  public interface Listener {

    /** Watches nothing. */
    Listener NONE = (entry, offset, data) -> {};

    void evaluated(Entry entry, long offset, MemorySegment data);
  }

  /** A share of a tensor on disk that is being put together. */
  private record Region(Arena arena, MemorySegment bytes, long from) {}

  private final Evaluator evaluator;
  private final Output output;
  private final Listener listener;
  private final Map<String, Region> regions = new HashMap<>();
  private final Map<String, Long> missing = new HashMap<>();

  public LedgerWriter(Sources sources, Output output, Listener listener) {
    this.evaluator = new Evaluator(sources);
    this.output = output;
    this.listener = listener;
  }

  /**
   * Writes the lines, in their order.
   *
   * @param written told the bytes of each line
   */
  public void write(Iterable<Entry> entries, LongConsumer written) {
    for (Entry entry : entries) {
      Strided place = Strided.of(entry);
      if (place.isContiguous()) {
        evaluator.evaluate(
            entry,
            (offset, data) -> {
              listener.evaluated(entry, offset, data);
              output.write(entry.target().name(), place.offset() + offset, data);
            });
      } else {
        scatter(entry, place);
      }
      written.accept(entry.bytes());
    }
    if (!regions.isEmpty()) {
      throw new IllegalStateException("tensors without all of their parts: " + regions.keySet());
    }
  }

  private void scatter(Entry entry, Strided place) {
    String name = entry.target().name();
    Region region = regions.computeIfAbsent(name, _ -> newRegion(entry));
    evaluator.evaluate(
        entry,
        (offset, data) -> {
          if (offset != 0 || data.byteSize() != entry.bytes()) {
            throw new IllegalStateException("a part that is scattered comes in one piece");
          }
          listener.evaluated(entry, offset, data);
          place.scatter(data, region.bytes, region.from);
        });
    long left = missing.merge(name, -entry.bytes(), Long::sum);
    if (left == 0) {
      output.write(name, region.from, region.bytes);
      region.arena.close();
      regions.remove(name);
      missing.remove(name);
    }
  }

  private Region newRegion(Entry entry) {
    long whole = entry.onDisk().bytes();
    boolean ofExpert = entry.target().piece().whole().size() > entry.target().shape().size();
    long experts = ofExpert ? entry.target().piece().whole().getFirst() : 1;
    long bytes = whole / experts;
    Arena arena = Arena.ofConfined();
    missing.put(entry.target().name(), bytes);
    long from = ofExpert ? entry.target().expert() * bytes : 0;
    return new Region(arena, arena.allocate(bytes, 8), from);
  }
}
