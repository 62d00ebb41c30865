package io.cambium.training.data.corpus;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells documents that are mostly made of what earlier ones said. Licences and generated code come
 * in many variants; with one in each split, validation would measure memory.
 */
final class NearDuplicates {

  private static final int PASSAGE_WORDS = 5;
  private static final double MOST = 0.5;
  private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

  private final Set<Long> seen = new HashSet<>();

  /**
   * Whether at least half of the document's passages of five words are new; if so, they are
   * remembered.
   */
  boolean isNew(String document) {
    Set<Long> passages = passages(document);
    long known = passages.stream().filter(seen::contains).count();
    if (known > MOST * passages.size()) {
      return false;
    }
    seen.addAll(passages);
    return true;
  }

  private static Set<Long> passages(String document) {
    Set<Long> passages = new HashSet<>();
    long[] words = new long[PASSAGE_WORDS];
    Matcher matcher = WORD.matcher(document.toLowerCase(Locale.ROOT));
    for (int count = 0; matcher.find(); ) {
      words[count++ % PASSAGE_WORDS] = matcher.group().hashCode();
      if (count >= PASSAGE_WORDS) {
        long passage = 0;
        for (int i = count; i < count + PASSAGE_WORDS; i++) {
          // Any odd multiplier of 64 bits; 31 would let short passages collide.
          passage = (passage + words[i % PASSAGE_WORDS]) * 0x9E3779B97F4A7C15L;
        }
        passages.add(passage);
      }
    }
    return passages;
  }
}
