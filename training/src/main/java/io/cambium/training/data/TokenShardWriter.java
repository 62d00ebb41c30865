package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Writes a token shard document by document, in bounded memory. The tokens go to a file of their
 * own first, since the header needs their number; the shard appears under its name when it is
 * complete. Closing it before {@link #commit()} removes what was written.
 */
public final class TokenShardWriter implements AutoCloseable {

  private static final int BUFFER_BYTES = 1 << 20;
  private static final int U16_VOCAB = 1 << 16;

  private final Path path;
  private final Path tokensPath;
  private final Path partialPath;
  private final TokenizerFile tokenizer;
  private final String domain;
  private final Split split;
  private final DType dtype;
  private final int endOfText;
  private final FileChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long documents;
  private long size;

  private TokenShardWriter(
      Path path, TokenizerFile tokenizer, String domain, Split split, int endOfText)
      throws IOException {
    this.path = path;
    this.tokensPath = path.resolveSibling(path.getFileName() + ".tokens");
    this.partialPath = path.resolveSibling(path.getFileName() + ".partial");
    this.tokenizer = tokenizer;
    this.domain = domain;
    this.split = split;
    this.dtype = tokenizer.vocabSize() > U16_VOCAB ? DType.U32 : DType.U16;
    this.endOfText = endOfText;
    this.channel =
        FileChannel.open(
            tokensPath,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
  }

  /**
   * Begins a shard.
   *
   * @throws UsageException if the tokenizer has no end-of-text token
   * @throws CheckpointException if the disk refuses
   */
  public static TokenShardWriter create(
      Path path, TokenizerFile tokenizer, String domain, Split split) {
    try {
      return new TokenShardWriter(path, tokenizer, domain, split, tokenizer.requireEndOfText());
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /**
   * Appends a document and the end-of-text token.
   *
   * @throws CheckpointException if an id is outside the vocabulary, or the disk refuses
   */
  public void append(int[] document) {
    for (int id : document) {
      put(id);
    }
    put(endOfText);
    documents++;
  }

  /** Tokens appended so far, end-of-text tokens included. */
  public long size() {
    return size;
  }

  /** Documents appended so far. */
  public long documents() {
    return documents;
  }

  /**
   * Gives the shard its name.
   *
   * @throws CheckpointException if the disk refuses
   */
  public void commit() {
    flush();
    ShardInfo info = new ShardInfo(tokenizer.sha256(), domain, split, documents);
    TensorSpec spec = new TensorSpec(ShardInfo.TENSOR, dtype, List.of(size));
    try {
      Files.deleteIfExists(partialPath);
      try (SafetensorsWriter shard =
          SafetensorsWriter.create(partialPath, List.of(spec), info.toMetadata())) {
        copyTokens(shard);
        shard.requireComplete();
      }
      Files.move(partialPath, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  @Override
  public void close() {
    try (channel) {
      Files.deleteIfExists(tokensPath);
      Files.deleteIfExists(partialPath);
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  private void put(int id) {
    if (id < 0 || id >= tokenizer.vocabSize()) {
      throw new CheckpointException(
          path,
          "document "
              + (documents + 1)
              + " has token "
              + id
              + ", beyond the vocabulary of "
              + tokenizer.vocabSize(),
          "make the tokens with " + tokenizer.path());
    }
    if (buffer.remaining() < Integer.BYTES) {
      flush();
    }
    if (dtype == DType.U16) {
      buffer.putShort((short) id);
    } else {
      buffer.putInt(id);
    }
    size++;
  }

  private void flush() {
    buffer.flip();
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw failed(path, e);
    }
    buffer.clear();
  }

  private void copyTokens(SafetensorsWriter shard) throws IOException {
    channel.position(0);
    for (long at = 0; channel.read(buffer) >= 0; ) {
      buffer.flip();
      shard.write(ShardInfo.TENSOR, at, MemorySegment.ofBuffer(buffer));
      at += buffer.limit();
      buffer.clear();
    }
  }

  private static CheckpointException failed(Path path, IOException e) {
    return new CheckpointException(
        path, "cannot be written: " + e, "check free space and permissions", e);
  }
}
