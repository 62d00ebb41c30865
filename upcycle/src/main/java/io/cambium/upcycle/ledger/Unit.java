package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.NormalDraws;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What one thread carries out at one go, and the journal notes as done: lines of the ledger that
 * read the same, so that it is read once.
 *
 * @param entries filled one after the other
 * @param range what of each of them; all, where they do not follow element by element
 * @param measured whether somebody looks at what they become
 */
public record Unit(List<Entry> entries, Range range, boolean measured) {

  /** What a unit of copies writes into one tensor. */
  private static final long COPIED_BYTES = 8 << 20;

  /** What a unit of computed elements writes in all. */
  static final long COMPUTED_BYTES = 16 << 20;

  /** An expert's share of a tensor on disk whose parts lie apart. */
  private record Share(String tensor, long from) {}

  /** Lines that follow from the same elements. */
  private record Alike(Formula formula, Object type) {}

  public Unit {
    entries = List.copyOf(entries);
  }

  /**
   * All the units of some lines.
   *
   * @param measured lines that are measured, each unit those that have the same in common
   */
  public static List<Unit> of(List<Entry> lines, Function<Entry, Optional<?>> measured) {
    Map<Object, List<Entry>> groups = new LinkedHashMap<>();
    for (Entry line : lines) {
      Object group = measured.apply(line).<Object>map(g -> g).orElseGet(() -> group(line));
      groups.computeIfAbsent(group, _ -> new ArrayList<>()).add(line);
    }
    List<Unit> units = new ArrayList<>();
    for (List<Entry> group : together(groups.values())) {
      cut(group, measured.apply(group.getFirst()).isPresent(), units);
    }
    return units;
  }

  /**
   * Those that need the singular vectors of the same matrices in one, such as all shards of a
   * block's copies: a unit takes them once.
   */
  private static Collection<List<Entry>> together(Collection<List<Entry>> groups) {
    Map<Object, List<Entry>> together = new LinkedHashMap<>();
    for (List<Entry> group : groups) {
      Set<Formula> decomposed =
          group.stream()
              .flatMap(line -> line.formula().decomposed().stream())
              .collect(Collectors.toSet());
      together
          .computeIfAbsent(decomposed.isEmpty() ? group : decomposed, _ -> new ArrayList<>())
          .addAll(group);
    }
    return together.values();
  }

  private static Object group(Entry line) {
    Strided place = Strided.of(line);
    if (!place.isContiguous()) {
      return new Share(line.target().name(), place.shareStart());
    }
    return isElementwise(line) ? new Alike(line.formula().unperturbed(), line.dtype()) : line;
  }

  static boolean isElementwise(Entry line) {
    return line.formula().isElementwise() && Strided.of(line).isContiguous();
  }

  private static void cut(List<Entry> group, boolean measured, List<Unit> units) {
    if (!group.stream().allMatch(Unit::isElementwise)) {
      units.add(new Unit(group, Range.ALL, measured));
      return;
    }
    long elements = group.getFirst().target().elements();
    boolean oneCopied =
        !measured
            && isCopied(group.getFirst())
            && group.stream().map(Entry::formula).distinct().count() == 1;
    long bytes = oneCopied ? COPIED_BYTES : COMPUTED_BYTES / group.size();
    long step = bytes * Byte.SIZE / group.getFirst().dtype().bits();
    step = Math.max(1, step / NormalDraws.BATCH) * NormalDraws.BATCH;
    for (long from = 0; from < elements; from += step) {
      units.add(new Unit(group, new Range(from, Math.min(step, elements - from)), measured));
    }
  }

  /** Whether it is a piece of its lines, each of whose elements follows by itself. */
  public boolean isPiece() {
    return range != Range.ALL;
  }

  private static boolean isCopied(Entry line) {
    return line.formula() instanceof Formula.Copy;
  }

  /** Whether it is a piece that is put together in memory before it is written. */
  boolean isPutTogether() {
    return isPiece() && (measured || !isCopiedPiece());
  }

  /** Whether it is a piece of copies, byte for byte. */
  public boolean isCopiedPiece() {
    return isPiece() && entries.stream().allMatch(Unit::isCopied);
  }

  /** What such a piece copies into a line. */
  public MemorySegment copied(Entry line, Sources sources) {
    Formula.Copy copy = (Formula.Copy) line.formula();
    return sources.part(copy.source(), offset(line), bytes(line));
  }

  /** Where its piece of a line begins in the line's own bytes. */
  long offset(Entry line) {
    return range.from() * line.dtype().bits() / Byte.SIZE;
  }

  /** What it writes of a line. */
  long bytes(Entry line) {
    return isPiece() ? range.count() * line.dtype().bits() / Byte.SIZE : line.bytes();
  }

  /** What it writes in all. */
  public long bytes() {
    return entries.stream().mapToLong(this::bytes).sum();
  }
}
