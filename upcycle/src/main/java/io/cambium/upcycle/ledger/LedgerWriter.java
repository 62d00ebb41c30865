package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.NormalDraws;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes a unit of a ledger into the tensors on disk that its lines fill. Parts that lie apart on
 * disk, such as the columns of a transposed matrix, are put together in memory first: one expert's
 * share of the tensor at a time. Where the source has them in the same places, the share is copied
 * as a whole.
 */
public final class LedgerWriter {

  /** Takes a piece of a named tensor. */
  public interface Output {

    /** Where a byte of a named tensor will lie in its file; 0 where there is no file. */
    default long position(String tensor, long offset) {
      return 0;
    }

    void write(String tensor, long offset, MemorySegment data);
  }

  /** Watches what is computed. */
  public interface Listener {

    /** Watches nothing. */
    Listener NONE = (entry, range, written) -> {};

    /**
     * @param written some or all of the line, in the line's type
     */
    void evaluated(Entry entry, Range range, MemorySegment written);
  }

  /**
   * A share of a tensor on disk that is being put together.
   *
   * @param like the share of a source that it began as a copy of
   */
  private record Region(Arena arena, MemorySegment bytes, long from, Optional<Share> like) {}

  /** A share of a source's tensor on disk. */
  private record Share(Origin origin, int model, String tensor, long from) {}

  /** Elements that are computed at once: what a core keeps in its cache of the second level. */
  public static final int BATCH = 8 * NormalDraws.BATCH;

  private final Sources sources;
  private final Evaluator evaluator;
  private final PieceRoom room;
  private final Output output;
  private final Listener listener;
  private final Map<String, Region> regions = new HashMap<>();
  private final Map<String, Long> missing = new HashMap<>();

  public LedgerWriter(
      Sources sources, Evaluator evaluator, PieceRoom room, Output output, Listener listener) {
    this.sources = sources;
    this.room = room;
    this.evaluator = evaluator;
    this.output = output;
    this.listener = listener;
  }

  /** Writes a unit. */
  public void write(Unit unit) {
    if (unit.isPutTogether()) {
      compute(unit);
    } else if (unit.isCopiedPiece()) {
      unit.entries()
          .forEach(entry -> write(entry, unit.offset(entry), unit.copied(entry, sources)));
    } else {
      unit.entries().forEach(this::writeWhole);
    }
    if (!regions.isEmpty()) {
      throw new IllegalStateException("tensors without all of their parts: " + regions.keySet());
    }
  }

  private void write(Entry entry, long offset, MemorySegment data) {
    output.write(entry.target().name(), Strided.of(entry).offset() + offset, data);
  }

  /** Batch by batch through all lines, so that what they share is still at hand. */
  private void compute(Unit unit) {
    MemorySegment all = room.take();
    try {
      List<MemorySegment> computed = divide(all, unit);
      long count = unit.range().count();
      for (long done = 0; done < count; done += BATCH) {
        Range batch = new Range(unit.range().from() + done, Math.min(BATCH, count - done));
        for (int n = 0; n < computed.size(); n++) {
          compute(unit.entries().get(n), batch, done, computed.get(n));
        }
      }
      for (int n = 0; n < computed.size(); n++) {
        Entry entry = unit.entries().get(n);
        write(entry, unit.offset(entry), computed.get(n));
      }
    } finally {
      room.giveBack(all);
    }
  }

  /** Memory for each line that lies between pages as its place in the file does. */
  private List<MemorySegment> divide(MemorySegment all, Unit unit) {
    List<MemorySegment> parts = new ArrayList<>();
    long at = 0;
    for (Entry entry : unit.entries()) {
      long position =
          output.position(entry.target().name(), Strided.of(entry).offset() + unit.offset(entry));
      at += Math.floorMod(position - at, PieceRoom.PAGE);
      parts.add(all.asSlice(at, unit.bytes(entry)));
      at += unit.bytes(entry);
    }
    return parts;
  }

  private void compute(Entry entry, Range batch, long done, MemorySegment computed) {
    long elementBytes = entry.dtype().bits() / Byte.SIZE;
    MemorySegment data = computed.asSlice(done * elementBytes, batch.count() * elementBytes);
    evaluator.compute(entry, batch, data);
    listener.evaluated(entry, batch, data);
  }

  private void writeWhole(Entry entry) {
    Strided place = Strided.of(entry);
    if (place.isContiguous()) {
      evaluator.evaluate(
          entry,
          (offset, data) -> {
            listenToWhole(entry, data);
            write(entry, offset, data);
          });
    } else {
      scatter(entry, place);
    }
  }

  private void listenToWhole(Entry entry, MemorySegment data) {
    if (listener != Listener.NONE && data.byteSize() != entry.bytes()) {
      throw new IllegalStateException(entry.target().name() + " comes in pieces");
    }
    listener.evaluated(entry, Range.ALL, data);
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
          listenToWhole(entry, data);
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
