package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Tokens on disk, mapped into memory: a safetensors file with one tensor {@code tokens} of U16, or
 * of U32 where the vocabulary is beyond 65,536. Any number of threads may read it until it is
 * closed.
 */
public final class TokenShard implements AutoCloseable {

  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final SafetensorsFile file;
  private final ShardInfo info;
  private final TensorSpec spec;
  private final MemorySegment tokens;

  private TokenShard(SafetensorsFile file, ShardInfo info, TensorSpec spec) {
    this.file = file;
    this.info = info;
    this.spec = spec;
    this.tokens = file.data(ShardInfo.TENSOR);
  }

  /**
   * Opens a shard.
   *
   * @throws CheckpointException if the file is missing, broken, or no token shard
   */
  public static TokenShard open(Path path) {
    SafetensorsFile file = SafetensorsFile.open(path);
    try {
      return new TokenShard(file, ShardInfo.of(file.metadata(), path), tokensOf(file));
    } catch (CheckpointException e) {
      file.close();
      throw e;
    }
  }

  private static TensorSpec tokensOf(SafetensorsFile file) {
    TensorEntry entry = file.tensors().get(ShardInfo.TENSOR);
    if (entry == null || file.tensors().size() != 1) {
      throw malformed(file, "holds the tensors " + file.tensors().keySet());
    }
    TensorSpec spec = entry.spec();
    if (spec.shape().size() != 1 || (spec.dtype() != DType.U16 && spec.dtype() != DType.U32)) {
      throw malformed(file, "holds tokens of " + spec.dtype() + " " + spec.shape());
    }
    return spec;
  }

  private static CheckpointException malformed(SafetensorsFile file, String what) {
    return new CheckpointException(
        file.path(), what, "a token shard holds one tensor, \"tokens\", of U16 or U32 [N]");
  }

  public Path path() {
    return file.path();
  }

  /** What the shard says of itself. */
  public ShardInfo info() {
    return info;
  }

  /** Number of tokens. */
  public long size() {
    return spec.elements();
  }

  /**
   * Copies tokens.
   *
   * @param from first token, from 0
   * @param into where the copy goes, from {@code at} on
   * @param count tokens to copy
   * @throws IndexOutOfBoundsException if the shard or the array ends before
   */
  public void copy(long from, long[] into, int at, int count) {
    Objects.checkFromIndexSize(from, count, size());
    Objects.checkFromIndexSize(at, count, into.length);
    if (spec.dtype() == DType.U16) {
      for (int i = 0; i < count; i++) {
        into[at + i] = Short.toUnsignedLong(tokens.get(U16, (from + i) * Short.BYTES));
      }
    } else {
      for (int i = 0; i < count; i++) {
        into[at + i] = Integer.toUnsignedLong(tokens.get(U32, (from + i) * Integer.BYTES));
      }
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
