package io.cambium.training.data;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Joins the most frequent pair of neighbouring tokens, over and over, and of equally frequent pairs
 * the one with the smaller ids. Only the words that hold the pair are looked at; counts that have
 * changed since a pair was queued are corrected when its turn comes.
 */
final class BpeMerger {

  /** A row of word numbers. */
  private static final class Positions {
    private int[] words = new int[4];
    private int size;

    void addOnce(int word) {
      if (size > 0 && words[size - 1] == word) {
        return;
      }
      if (size == words.length) {
        words = Arrays.copyOf(words, 2 * size);
      }
      words[size++] = word;
    }
  }

  /** The tokens of a pair, and how often they are neighbours. */
  private static final class Pair {
    final int left;
    final int right;
    long count;

    Pair(int left, int right) {
      this.left = left;
      this.right = right;
    }
  }

  /**
   * A pair that waits for its turn.
   *
   * @param count the pair's count when it was queued
   * @param positions the words it was formed in
   */
  private record Candidate(Pair pair, long count, Positions positions) {

    static final Comparator<Candidate> BEST_FIRST =
        Comparator.comparingLong(Candidate::count)
            .reversed()
            .thenComparingInt(candidate -> candidate.pair.left)
            .thenComparingInt(candidate -> candidate.pair.right);
  }

  private final int vocabSize;
  private final List<BpeWord> words;
  private final List<String> vocab = new ArrayList<>();
  private final Map<Long, Pair> pairs = new HashMap<>();
  private final Map<Pair, Positions> formed = new LinkedHashMap<>();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.BEST_FIRST);

  BpeMerger(int vocabSize, List<BpeWord> words) {
    this.vocabSize = vocabSize;
    this.words = words;
    vocab.add(TokenizerFile.END_OF_TEXT);
    vocab.addAll(ByteLevel.alphabet());
  }

  BpeModel train(Progress progress) {
    for (int word = 0; word < words.size(); word++) {
      words.get(word).forEachPair(changesOf(word));
    }
    enqueueFormed();
    List<BpeModel.Merge> merges = new ArrayList<>();
    while (vocab.size() < vocabSize) {
      merges.add(merge(next()));
      progress.update("training the tokenizer", vocab.size(), vocabSize);
    }
    return new BpeModel(vocab, merges);
  }

  private Candidate next() {
    while (!queue.isEmpty()) {
      Candidate best = queue.remove();
      if (best.count == best.pair.count) {
        return best;
      }
      enqueue(best.pair, best.positions);
    }
    throw new UsageException(
        "vocabulary of " + vocabSize,
        "cannot be filled: the text has no pair left after " + vocab.size() + " tokens",
        "give more text, or ask for a vocabulary of " + vocab.size());
  }

  private BpeModel.Merge merge(Candidate best) {
    Pair pair = best.pair;
    BpeModel.Merge merge = new BpeModel.Merge(vocab.get(pair.left), vocab.get(pair.right));
    // Always a new token: the merges before it split a spelling in one way only.
    int merged = vocab.size();
    vocab.add(merge.left() + merge.right());
    for (int i = 0; i < best.positions.size; i++) {
      int word = best.positions.words[i];
      words.get(word).merge(pair.left, pair.right, merged, changesOf(word));
    }
    enqueueFormed();
    return merge;
  }

  private BpeWord.PairChange changesOf(int word) {
    return (left, right, change) -> {
      Pair pair = pairs.computeIfAbsent((long) left << 32 | right, key -> new Pair(left, right));
      pair.count += change;
      if (change > 0) {
        formed.computeIfAbsent(pair, key -> new Positions()).addOnce(word);
      }
    };
  }

  private void enqueueFormed() {
    formed.forEach(this::enqueue);
    formed.clear();
  }

  private void enqueue(Pair pair, Positions positions) {
    if (pair.count > 0) {
      queue.add(new Candidate(pair, pair.count, positions));
    }
  }
}
