package io.cambium.training.data;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * A Hugging Face {@code tokenizer.json}, run by the {@code tokenizers} library itself (through
 * DJL). Nothing is added, but where that is asked for, and nothing cut: no special tokens around a
 * text, no truncation, no padding, whatever the file asks for. A text that spells out a special
 * token is encoded as that token, as in transformers.
 *
 * <p>Any number of threads may use one tokenizer.
 */
public final class Tokenizer implements AutoCloseable {

  static {
    // Read by DJL when its first class loads; else it looks for CUDA builds and reports its use.
    System.setProperty("DJL_OFFLINE", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  private static final Map<String, String> NOTHING_ADDED_NOTHING_CUT =
      Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

  private final TokenizerFile file;
  private final HuggingFaceTokenizer tokenizer;

  private Tokenizer(TokenizerFile file, HuggingFaceTokenizer tokenizer) {
    this.file = file;
    this.tokenizer = tokenizer;
  }

  /**
   * Loads a {@code tokenizer.json}.
   *
   * @throws CheckpointException if the file is missing or is no tokenizer
   */
  public static Tokenizer load(Path path) {
    TokenizerFile file = TokenizerFile.read(path);
    try {
      return new Tokenizer(file, HuggingFaceTokenizer.newInstance(path, NOTHING_ADDED_NOTHING_CUT));
    } catch (IOException | RuntimeException e) {
      throw new CheckpointException(
          path,
          "is not a tokenizer that the tokenizers library reads: " + e.getMessage(),
          "is it a complete tokenizer.json?",
          e);
    }
  }

  /** The file and what is known of it without running it. */
  public TokenizerFile file() {
    return file;
  }

  /** One beyond the highest token id. */
  public int vocabSize() {
    return file.vocabSize();
  }

  /** Hexadecimal SHA-256 of the file's bytes. */
  public String sha256() {
    return file.sha256();
  }

  /** The token that ends a document, where the tokenizer has one. */
  public OptionalInt endOfText() {
    return file.endOfText();
  }

  /**
   * @see TokenizerFile#requireEndOfText
   */
  public int requireEndOfText() {
    return file.requireEndOfText();
  }

  /**
   * Refuses a tokenizer that a model cannot read.
   *
   * @see TokenizerFile#requireFits
   */
  public void requireFits(int modelVocab, Object place) {
    file.requireFits(modelVocab, place);
  }

  /**
   * The token ids of a text.
   *
   * @throws UsageException if the text holds half a surrogate pair, which no UTF-8 can express
   * @throws CheckpointException if the tokenizer has no token for a part of it
   */
  public int[] encode(String text) {
    return encode(text, false);
  }

  /**
   * The same with the special tokens that the file puts around a text, such as one to begin it, as
   * transformers does unless told otherwise. {@code add_bos_token} of tokenizer_config.json changes
   * nothing, as in transformers 5 (in transformers 4 it does for some classes). A text that spells
   * out the token that begins one is taken as it is.
   */
  public int[] encodeWithSpecialTokens(String text) {
    OptionalInt prefix = file.prefix();
    boolean begun = prefix.isPresent() && text.startsWith(decode(new int[] {prefix.getAsInt()}));
    return encode(text, !begun);
  }

  private int[] encode(String text, boolean withSpecialTokens) {
    requireUnicode(text);
    // The ids alone: DJL's own encode also fetches every token's string and span, for 1.4 times
    // the time.
    TokenizersLibrary library = TokenizersLibrary.LIB;
    long encoding =
        inLibrary(
            "encode a text", () -> library.encode(tokenizer.getHandle(), text, withSpecialTokens));
    try {
      return Arrays.stream(library.getTokenIds(encoding)).mapToInt(Math::toIntExact).toArray();
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  /** The library tells of what a tokenizer lacks only once it is needed. */
  private <T> T inLibrary(String what, Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      throw new CheckpointException(
          file.path(),
          "cannot " + what + ": " + e.getMessage(),
          "is it the complete tokenizer.json of the model?",
          e);
    }
  }

  /**
   * The text of token ids, special tokens included. Byte-level tokenizers give back exactly what
   * was encoded; bytes that are no UTF-8 become U+FFFD.
   *
   * @throws UsageException if an id is outside the vocabulary
   */
  public String decode(int[] ids) {
    for (int id : ids) {
      if (id < 0 || id >= vocabSize()) {
        throw new UsageException(
            file.path(), "has no token " + id + ": its ids end at " + (vocabSize() - 1), null);
      }
    }
    long[] tokens = Arrays.stream(ids).asLongStream().toArray();
    return inLibrary("decode tokens", () -> tokenizer.decode(tokens, false));
  }

  /** A decoder for tokens that arrive one by one. */
  public StreamingDecoder streamingDecoder() {
    return new StreamingDecoder(this);
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  private static void requireUnicode(String text) {
    for (int at = 0; at < text.length(); at++) {
      if (Character.isSurrogate(text.charAt(at))) {
        if (!Character.isSupplementaryCodePoint(text.codePointAt(at))) {
          throw new UsageException(
              "character " + at, "is half of a surrogate pair, not Unicode text", null);
        }
        at++;
      }
    }
  }
}
