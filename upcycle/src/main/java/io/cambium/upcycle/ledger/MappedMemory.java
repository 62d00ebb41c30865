package io.cambium.upcycle.ledger;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Compares what is mapped from files. */
public final class MappedMemory {

  private static final int PIECE = 1 << 14;

  private MappedMemory() {}

  /**
   * The first byte in which two segments of the same size differ, or -1.
   *
   * <p>{@link MemorySegment#mismatch} on a file that has become shorter is the end of the Java
   * machine (SIGBUS in its vectorizedMismatch); copying from one is an InternalError.
   */
  public static long mismatch(MemorySegment one, MemorySegment other) {
    byte[] ones = new byte[PIECE];
    byte[] others = new byte[PIECE];
    for (long from = 0; from < one.byteSize(); from += PIECE) {
      int count = (int) Math.min(PIECE, one.byteSize() - from);
      MemorySegment.copy(one, from, MemorySegment.ofArray(ones), 0, count);
      MemorySegment.copy(other, from, MemorySegment.ofArray(others), 0, count);
      int differs = Arrays.mismatch(ones, 0, count, others, 0, count);
      if (differs >= 0) {
        return from + differs;
      }
    }
    return -1;
  }
}
