package io.cambium.upcycle.ledger;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Compares what was written with the ledger. */
public record LedgerReader(Sources sources) {

  /**
   * Where a copied part differs from its source.
   *
   * @param written the whole tensor on disk
   * @return the first byte of the part that differs, or -1
   */
  public long mismatch(Entry entry, MemorySegment written) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment part = Strided.of(entry).gather(written, arena);
      long[] first = {-1};
      new Evaluator(sources)
          .evaluate(
              entry,
              (offset, expected) -> {
                long at =
                    MappedMemory.mismatch(expected, part.asSlice(offset, expected.byteSize()));
                if (at >= 0 && first[0] < 0) {
                  first[0] = offset + at;
                }
              });
      return first[0];
    }
  }
}
