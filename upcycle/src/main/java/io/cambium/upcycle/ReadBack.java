package io.cambium.upcycle;

import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.VerificationException;
import io.cambium.upcycle.ledger.MappedMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads a file with tensors from the disk and compares it with what was to be written. */
final class ReadBack {

  /**
   * What was written in one go.
   *
   * @param copied the source's bytes in the same order, where they were copied
   */
  record Piece(Journal.Written written, @Nullable MemorySegment copied) {}

  private record Placed(long begin, Piece piece) {

    long end() {
      return begin + piece.written.bytes();
    }
  }

  private final SafetensorsFile file;
  private final List<Placed> pieces;
  private final LongConsumer progress;
  private final CRC32C checksum = new CRC32C();
  private int current;

  private ReadBack(SafetensorsFile file, List<Placed> pieces, LongConsumer progress) {
    this.file = file;
    this.pieces = pieces;
    this.progress = progress;
  }

  /**
   * Reads and compares.
   *
   * @param pieces everything that was written, by tensor
   * @param progress told how many bytes have been read, time and again
   * @return the file's SHA-256
   * @throws VerificationException at the first difference
   */
  static String sha256(
      SafetensorsFile file, Map<String, List<Piece>> pieces, LongConsumer progress) {
    List<Placed> placed =
        file.tensors().keySet().stream()
            .flatMap(tensor -> pieces.getOrDefault(tensor, List.of()).stream())
            .map(piece -> place(file, piece))
            .filter(piece -> piece.end() > piece.begin())
            .sorted(Comparator.comparingLong(Placed::begin))
            .toList();
    ReadBack readBack = new ReadBack(file, placed, progress);
    readBack.requireEveryByte();
    return Checksums.sha256(file.path(), readBack::compare);
  }

  private static Placed place(SafetensorsFile file, Piece piece) {
    long tensor = Objects.requireNonNull(file.tensors().get(piece.written.tensor())).begin();
    return new Placed(file.dataOffset() + tensor + piece.written.offset(), piece);
  }

  private void requireEveryByte() {
    long end = file.dataOffset();
    for (Placed piece : pieces) {
      if (piece.begin != end) {
        throw new IllegalStateException(file.path() + " has bytes of nobody's at " + end);
      }
      end = piece.end();
    }
  }

  private void compare(long position, ByteBuffer data) {
    progress.accept(data.remaining());
    MemorySegment read = MemorySegment.ofBuffer(data);
    long readEnd = position + read.byteSize();
    while (current < pieces.size() && pieces.get(current).begin < readEnd) {
      Placed piece = pieces.get(current);
      long from = Math.max(position, piece.begin);
      long to = Math.min(readEnd, piece.end());
      compare(piece, from, read.asSlice(from - position, to - from));
      if (to < piece.end()) {
        return;
      }
      finish(piece);
    }
  }

  private void compare(Placed piece, long from, MemorySegment part) {
    checksum.update(part.asByteBuffer());
    MemorySegment copied = piece.piece.copied;
    if (copied != null) {
      long offset = from - piece.begin;
      long differs = MappedMemory.mismatch(part, copied.asSlice(offset, part.byteSize()));
      if (differs >= 0) {
        throw failed(piece, "differs from its source at byte " + (offset + differs));
      }
    }
  }

  private void finish(Placed piece) {
    if ((int) checksum.getValue() != piece.piece.written.crc32c()) {
      throw failed(piece, "reads back other than it was written");
    }
    checksum.reset();
    current++;
  }

  private VerificationException failed(Placed piece, String what) {
    Journal.Written written = piece.piece.written;
    return new VerificationException(
        file.path() + " " + written.tensor() + ", bytes from " + written.offset(),
        what,
        "the directory is left under this name for inspection");
  }
}
