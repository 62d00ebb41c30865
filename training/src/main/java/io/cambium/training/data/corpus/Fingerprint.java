package io.cambium.training.data.corpus;

import io.cambium.training.data.Split;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What decisions about a document rest on: its text alone, never its place or its neighbours, so
 * that equal documents share their fate and a corpus that grows keeps its split.
 *
 * @param hash the first eight bytes of the SHA-256 of the text's UTF-8
 * @param bytes length of the UTF-8
 */
record Fingerprint(long hash, int bytes) {

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  static Fingerprint of(String document) {
    byte[] utf8 = document.getBytes(StandardCharsets.UTF_8);
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(utf8);
      return new Fingerprint(ByteBuffer.wrap(digest).getLong(), utf8.length);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** The document's place in [0, 1) that decides its {@link Split}. */
  double splitPosition() {
    return toUnit(hash);
  }

  /** Another place in [0, 1), independent of the first and of those for other salts. */
  double position(long salt) {
    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
    long mixed = hash + (salt + 1) * GOLDEN_RATIO;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return toUnit(mixed ^ (mixed >>> 31));
  }

  private static double toUnit(long bits) {
    return (bits >>> 11) * 0x1p-53;
  }
}
