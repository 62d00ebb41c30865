package io.cambium.training.data.corpus;

import io.cambium.checkpoint.UsageException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Strict UTF-8: what is none is refused with its place, not replaced. */
final class Utf8 {

  /** Bytes that one document may have: more than any book, little enough to encode in memory. */
  static final long MAX_DOCUMENT_BYTES = 1L << 24;

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private Utf8() {}

  /**
   * The text of bytes; a byte order mark at the start of the file is no part of it.
   *
   * @param offset where the bytes begin in the file
   * @throws UsageException if they are no UTF-8, with the file and the byte
   */
  static String decode(byte[] bytes, Path path, long offset) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(in, out, true);
    if (result.isError()) {
      throw new UsageException(
          path,
          "is not UTF-8 at byte " + (offset + in.position()),
          "convert it, for example with iconv -f LATIN1 -t UTF-8");
    }
    String text = out.flip().toString();
    return offset == 0 && text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
  }

  /**
   * Refuses a document that is too long to be one.
   *
   * @throws UsageException if it has more than {@link #MAX_DOCUMENT_BYTES}
   */
  static void requireShort(Path path, long bytes) {
    if (bytes > MAX_DOCUMENT_BYTES) {
      throw new UsageException(
          path,
          "holds a document of more than " + (MAX_DOCUMENT_BYTES >> 20) + " MiB",
          "give --lines N, so that every N lines are a document");
    }
  }
}
