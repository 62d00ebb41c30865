package io.cambium.checkpoint.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Computes a file's tag of its bytes, as they come. */
final class BlobDigest {

  private final MessageDigest digest;
  private final HubFile file;

  private BlobDigest(MessageDigest digest, HubFile file) {
    this.digest = digest;
    this.file = file;
  }

  /** A digest of the kind that the file's tag is. */
  static BlobDigest of(HubFile file) {
    try {
      BlobDigest digest =
          new BlobDigest(MessageDigest.getInstance(file.isLarge() ? "SHA-256" : "SHA-1"), file);
      digest.restart();
      return digest;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-1 and SHA-256", e);
    }
  }

  /** Forgets all bytes. */
  void restart() {
    digest.reset();
    if (!file.isLarge()) {
      // What Git hashes of a file: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
      digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.UTF_8));
    }
  }

  void update(byte[] bytes, int count) {
    digest.update(bytes, 0, count);
  }

  /** Whether all bytes together have the file's tag; forgets them. */
  boolean matches() {
    return HexFormat.of().formatHex(digest.digest()).equals(file.etag());
  }
}
