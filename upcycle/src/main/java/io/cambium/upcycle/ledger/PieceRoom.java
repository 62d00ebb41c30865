package io.cambium.upcycle.ledger;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;

/**
 * Memory in which computed pieces are put together: outside of Java's heap, whose collector would
 * copy it, and used again, since the system clears all memory that it gives. For any threads, of
 * which those beyond {@link #ROOMS} wait.
 */
public final class PieceRoom implements AutoCloseable {

  /** Pieces at the same time: more than any disk takes, and a bound whatever threads there are. */
  static final int ROOMS = 16;

  /** Of most disks and systems. A line's part begins less than one behind the part before it. */
  static final int PAGE = 4096;

  private final long bytes;
  private final Arena arena = Arena.ofShared();
  private final Semaphore rooms = new Semaphore(ROOMS);
  private final Queue<MemorySegment> free = new ConcurrentLinkedQueue<>();

  private PieceRoom(long bytes) {
    this.bytes = bytes;
  }

  /** Rooms for any of these. */
  public static PieceRoom of(List<Unit> units) {
    return new PieceRoom(
        units.stream().filter(Unit::isPutTogether).mapToLong(PieceRoom::bytes).max().orElse(0));
  }

  private static long bytes(Unit unit) {
    return unit.bytes() + (long) unit.entries().size() * PAGE;
  }

  /** Room for a piece, with whatever it held before. */
  MemorySegment take() {
    rooms.acquireUninterruptibly();
    MemorySegment room = free.poll();
    return room == null ? arena.allocate(bytes, PAGE) : room;
  }

  /** Takes back what is no longer needed. */
  void giveBack(MemorySegment room) {
    free.add(room);
    rooms.release();
  }

  @Override
  public void close() {
    arena.close();
  }
}
