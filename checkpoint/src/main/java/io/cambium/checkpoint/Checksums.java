package io.cambium.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** SHA-256, so that a user can check a file with any tool. */
public final class Checksums {

  private static final int BUFFER_BYTES = 1 << 20;

  private Checksums() {}

  /** Hexadecimal SHA-256 of a file's bytes. */
  public static String sha256(Path file) {
    MessageDigest digest = digest();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int bytes = in.read(buffer); bytes >= 0; bytes = in.read(buffer)) {
        digest.update(buffer, 0, bytes);
      }
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Sees the bytes of a file, {@code position} bytes from its start. */
  public interface Reader {
    void read(long position, ByteBuffer data);
  }

  /**
   * The same, read from the disk itself: what the system still has in memory proves nothing about
   * what was written.
   *
   * @param reader sees every byte, in order
   */
  public static String sha256(Path file, Reader reader) {
    MessageDigest digest = digest();
    try {
      DirectFile.read(
          file,
          (position, data) -> {
            digest.update(data.duplicate());
            reader.read(position, data);
          });
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Hexadecimal SHA-256 of pieces of memory, one after the other. */
  public static String sha256(List<MemorySegment> pieces) {
    MessageDigest digest = digest();
    pieces.forEach(piece -> digest.update(piece.asByteBuffer()));
    return HexFormat.of().formatHex(digest.digest());
  }

  /** SHA-256 of bytes in memory. */
  public static byte[] sha256(byte[] bytes) {
    return digest().digest(bytes);
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
