package io.cambium.upcycle.ledger;

import io.cambium.upcycle.ledger.SourceTensor.Origin;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Writes the lines of a ledger into the tensors on disk that they fill. Parts that lie apart on
 * disk, such as the columns of a transposed matrix, are put together in memory first: one expert's
 * share of the tensor at a time. Where the source has them in the same places, the share is copied
 * as a whole.
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

  /**
   * A share of a tensor on disk that is being put together.
   *
   * @param like the share of a source that it began as a copy of
   */
  private record Region(Arena arena, MemorySegment bytes, long from, Optional<Share> like) {}

  /** A share of a source's tensor on disk. */
  private record Share(Origin origin, int model, String tensor, long from) {}

  private final Sources sources;
  private final Evaluator evaluator;
  private final Output output;
  private final Listener listener;
  private final Map<String, Region> regions = new HashMap<>();
  private final Map<String, Long> missing = new HashMap<>();

  public LedgerWriter(Sources sources, Output output, Listener listener) {
    this.sources = sources;
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
    Region region = regions.computeIfAbsent(name, _ -> newRegion(entry, place));
    if (region.like.isEmpty() || !region.like.equals(copied(entry, place))) {
      scatter(entry, place, region);
    }
    long left = missing.merge(name, -entry.bytes(), Long::sum);
    if (left == 0) {
      output.write(name, region.from, region.bytes);
      region.arena.close();
      regions.remove(name);
      missing.remove(name);
    }
  }

  private void scatter(Entry entry, Strided place, Region region) {
    evaluator.evaluate(
        entry,
        (offset, data) -> {
          if (offset != 0 || data.byteSize() != entry.bytes()) {
            throw new IllegalStateException("a part that is scattered comes in one piece");
          }
          listener.evaluated(entry, offset, data);
          place.scatter(data, region.bytes, region.from);
        });
  }

  private Region newRegion(Entry entry, Strided place) {
    Arena arena = Arena.ofConfined();
    MemorySegment bytes = arena.allocate(place.shareBytes(), 8);
    missing.put(entry.target().name(), place.shareBytes());
    Optional<Share> like = copied(entry, place);
    if (like.isPresent() && entry.formula() instanceof Formula.Copy(var source)) {
      MemorySegment.copy(sources.onDisk(source), like.get().from, bytes, 0, place.shareBytes());
    }
    return new Region(arena, bytes, place.shareStart(), like);
  }

  /** The share that a line copies from, where the source has it in the same place. */
  private Optional<Share> copied(Entry entry, Strided place) {
    if (entry.formula() instanceof Formula.Copy(var source)) {
      Strided from = sources.place(source);
      return from.liesLike(place)
          ? Optional.of(
              new Share(source.origin(), source.model(), source.name(), from.shareStart()))
          : Optional.empty();
    }
    return Optional.empty();
  }
}
