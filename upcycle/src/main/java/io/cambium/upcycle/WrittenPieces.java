package io.cambium.upcycle;

import io.cambium.upcycle.ledger.LedgerWriter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes, and takes note of what was written: neighbouring pieces of a tensor as one. */
final class WrittenPieces implements LedgerWriter.Output {

  private final Outputs outputs;
  private final List<Journal.Written> pieces = new ArrayList<>();
  private CRC32C checksum = new CRC32C();

  WrittenPieces(Outputs outputs) {
    this.outputs = outputs;
  }

  @Override
  public void write(String tensor, long offset, MemorySegment data) {
    Journal.Written last = pieces.isEmpty() ? null : pieces.getLast();
    boolean goesOn =
        last != null && last.tensor().equals(tensor) && last.offset() + last.bytes() == offset;
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
