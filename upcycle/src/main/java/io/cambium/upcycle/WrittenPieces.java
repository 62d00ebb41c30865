package io.cambium.upcycle;

import io.cambium.upcycle.ledger.LedgerWriter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Writes, and takes note of what was written: each piece of a line by itself, but the rows and
 * blocks that a whole line comes in as one.
 */
final class WrittenPieces implements LedgerWriter.Output {

  private final Outputs outputs;
  private final boolean whole;
  private final List<Journal.Written> pieces = new ArrayList<>();
  private CRC32C checksum = new CRC32C();

  /**
   * @param whole whether whole lines are written
   */
  WrittenPieces(Outputs outputs, boolean whole) {
    this.outputs = outputs;
    this.whole = whole;
  }

  @Override
  public long position(String tensor, long offset) {
    return outputs.position(tensor, offset);
  }

  @Override
  public void write(String tensor, long offset, MemorySegment data) {
    Journal.Written last = pieces.isEmpty() ? null : pieces.getLast();
    boolean goesOn =
        whole
            && last != null
            && last.tensor().equals(tensor)
            && last.offset() + last.bytes() == offset;
    long before = 0;
    if (goesOn) {
      before = pieces.removeLast().bytes();
    } else {
      checksum = new CRC32C();
    }
    outputs.write(tensor, offset, data, checksum);
    pieces.add(
        new Journal.Written(
            tensor, offset - before, before + data.byteSize(), (int) checksum.getValue()));
  }

  List<Journal.Written> all() {
    return pieces;
  }
}
