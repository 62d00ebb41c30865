package io.cambium.upcycle.ledger;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Memory in which computed pieces are put together: outside of Java's heap, whose collector would
 * copy it, and used again, since the system clears all memory that it gives. For any threads.
 */
public final class PieceRoom implements AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final Queue<MemorySegment> free = new ConcurrentLinkedQueue<>();

  /** At least so many bytes, with whatever they held before. */
  MemorySegment take(long bytes) {
    MemorySegment room = free.poll();
    return room != null && room.byteSize() >= bytes
        ? room
        : arena.allocate(Math.max(bytes, Unit.COMPUTED_BYTES), Long.BYTES);
  }

  /** Takes back what is no longer needed. */
  void giveBack(MemorySegment room) {
    free.add(room);
  }

  @Override
  public void close() {
    arena.close();
  }
}
