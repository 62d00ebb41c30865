package io.cambium.training.data.corpus;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Java source files without their licence headers. A document is a file; files that mostly repeat
 * earlier ones (generated code) are left out.
 *
 * @param jars source jars
 */
record JavaSource(List<Jar> jars) implements DomainSource {

  /** A block comment, or line comments, before anything else. */
  private static final Pattern HEADER =
      Pattern.compile("\\A\\s*(/\\*.*?\\*/|(//[^\n]*\n)+)\\s*", Pattern.DOTALL);

  @Override
  public String domain() {
    return "java";
  }

  @Override
  public String origin() {
    return "sources of Lucene 9.12 and Guava 33.3.1, Apache-2.0";
  }

  @Override
  public Stream<String> documents() {
    NearDuplicates duplicates = new NearDuplicates();
    return jars.stream()
        .flatMap(jar -> jar.entries(name -> name.endsWith(".java")))
        .map(bytes -> withoutHeader(new String(bytes, StandardCharsets.UTF_8)))
        .filter(file -> !file.isBlank())
        .filter(duplicates::isNew);
  }

  static String withoutHeader(String file) {
    return HEADER.matcher(file).replaceFirst("");
  }
}
