package io.cambium.upcycle.ledger;

import java.util.List;

/** How much memory a ledger needs while it is carried out, beside the buffers of its threads. */
public final class WorkingMemory {

  /** A write from the heap goes through a buffer outside of it, of at most this size. */
  private static final long WRITE_BYTES = 1L << 26;

  /** What lines that are computed as a whole may take together; a larger one is alone. */
  public static final int TOGETHER_MEGABYTES = 512;

  private WorkingMemory() {}

  /** An upper bound, in bytes, where units are written side by side, on any number of threads. */
  public static long together(List<Entry> entries) {
    List<Entry> whole = entries.stream().filter(entry -> !Unit.isElementwise(entry)).toList();
    long all = whole.stream().mapToLong(WorkingMemory::bytes).sum();
    long inPieces = entries.stream().filter(Unit::isElementwise).mapToLong(Entry::bytes).sum();
    return Math.max(bytes(whole), Math.min(all, TOGETHER_MEGABYTES * 1_000_000L))
        + Math.min(inPieces, PieceRoom.ROOMS * Unit.COMPUTED_BYTES);
  }

  /** An upper bound over all lines, one after the other and each as a whole, in bytes. */
  public static long bytes(List<Entry> entries) {
    return entries.stream().mapToLong(WorkingMemory::bytes).max().orElse(0);
  }

  /** Of one unit's own; pieces are put together in a {@link PieceRoom}, which has a bound too. */
  public static int megabytes(Unit unit) {
    long bytes = unit.isPiece() ? 0 : bytes(unit.entries());
    return (int) Math.min(TOGETHER_MEGABYTES, (bytes + 999_999) / 1_000_000);
  }

  private static long bytes(Entry entry) {
    return apart(entry) + (entry.formula().isCopied() ? copied(entry) : computed(entry));
  }

  /** What lies apart on disk is put together first. */
  private static long apart(Entry entry) {
    Strided place = Strided.of(entry);
    if (place.isContiguous()) {
      return 0;
    }
    List<Long> whole = entry.target().piece().whole();
    boolean ofExpert = whole.size() > entry.target().shape().size();
    return entry.onDisk().bytes() / (ofExpert ? whole.getFirst() : 1);
  }

  /** Straight from the mapped file, but for what lies apart there; twice when it is compared. */
  private static long copied(Entry entry) {
    boolean together =
        Strided.of(entry).isContiguous()
            && entry.formula().sources().stream()
                .allMatch(source ->
                    new Strided(source.shape(), source.piece(), entry.dtype()).isContiguous());
    return together ? 0 : 2 * entry.bytes();
  }

  /**
   * Every source once as floats, the result as floats before and after a step, what is drawn, and
   * its bytes.
   */
  private static long computed(Entry entry) {
    long all = 0;
    long largest = entry.target().elements();
    for (SourceTensor source : entry.formula().sources()) {
      long elements = source.shape().stream().reduce(1L, Math::multiplyExact);
      all += elements;
      largest = Math.max(largest, elements);
    }
    long result = entry.bytes();
    return (all + 3 * largest) * Float.BYTES
        + result
        + Math.min(result, WRITE_BYTES)
        + decomposed(entry.formula());
  }

  /**
   * In fp64: the matrix [n, m], n the smaller, in rows and in blocks, its components and what is
   * added to it; some [n, n] while a matrix is decomposed, and the vectors of those that are kept.
   */
  private static long decomposed(Formula formula) {
    return formula.decomposed().stream()
        .flatMap(matrix -> matrix.sources().stream())
        .mapToLong(source -> {
          long rows = source.shape().getFirst();
          long columns = source.shape().getLast();
          long side = Math.min(rows, columns);
          long models = source.model() + 1L;
          return (5 * rows * columns + (7 + Evaluator.MATRICES * models) * side * side)
              * Double.BYTES;
        })
        .max()
        .orElse(0);
  }
}
