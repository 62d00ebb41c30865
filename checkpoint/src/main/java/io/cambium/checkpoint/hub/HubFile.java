package io.cambium.checkpoint.hub;

import java.util.regex.Pattern;

/**
 * A file of a repository.
 *
 * @param name its own, without a folder
 * @param etag the SHA-256 of a large file's bytes, the Git hash of another; hexadecimal
 * @param size in bytes
 */
record HubFile(String name, String etag, long size) {

  private static final Pattern CHECKSUM = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

  /** Whether the server's tag for a file can be checked. */
  static boolean isChecksum(String etag) {
    return CHECKSUM.matcher(etag).matches();
  }

  /** Whether it is kept in large file storage, so that its tag is the SHA-256 of its bytes. */
  boolean isLarge() {
    return etag.length() == 64;
  }
}
