package io.cambium.training.data;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains a byte-level BPE tokenizer, merge for merge as {@code tokenizers} (0.20 and later) does
 * with the ByteLevel pre-tokenizer, no prefix space, the 256 bytes as initial alphabet and {@value
 * TokenizerFile#END_OF_TEXT} as only special token.
 *
 * <p>Give it the documents, then {@link #train}. Memory grows with the number of distinct words.
 */
public final class BpeTrainer {

  /** End of text and one token for every byte. */
  public static final int SMALLEST_VOCAB = 1 + ByteLevel.ALPHABET_SIZE;

  private final int vocabSize;
  private final Map<String, Count> wordCounts = new LinkedHashMap<>();

  /**
   * @param vocabSize tokens in all
   * @throws UsageException if that is fewer than {@link #SMALLEST_VOCAB}
   */
  public BpeTrainer(int vocabSize) {
    requireEnough(vocabSize);
    this.vocabSize = vocabSize;
  }

  /**
   * Refuses a vocabulary too small for a byte-level tokenizer.
   *
   * @throws UsageException if it has fewer tokens than {@link #SMALLEST_VOCAB}
   */
  public static void requireEnough(int vocabSize) {
    if (vocabSize < SMALLEST_VOCAB) {
      throw new UsageException(
          "vocabulary of " + vocabSize,
          "is too small: every byte and " + TokenizerFile.END_OF_TEXT + " are tokens",
          "take " + SMALLEST_VOCAB + " or more");
    }
  }

  /** Counts the words of a document. */
  public void add(String document) {
    ByteLevel.forEachWord(
        document, word -> wordCounts.computeIfAbsent(word, unseen -> new Count()).value++);
  }

  /**
   * Finds the merges.
   *
   * @throws UsageException if the documents run out of pairs before the vocabulary is full
   */
  public BpeModel train(Progress progress) {
    List<BpeWord> words = new ArrayList<>(wordCounts.size());
    wordCounts.forEach((word, count) -> words.add(new BpeWord(word, count.value)));
    return new BpeMerger(vocabSize, words).train(progress);
  }

  private static final class Count {
    long value;
  }
}
