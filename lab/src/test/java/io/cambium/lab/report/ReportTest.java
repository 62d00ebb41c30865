package io.cambium.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.SyntheticDemo;
import io.cambium.lab.comparison.DemoSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

final class ReportTest {

  @TempDir static Path directory;

  private static String html;
  private static JsonNode data;

  @BeforeAll
  static void write() throws IOException {
    SyntheticDemo demo = SyntheticDemo.write(directory, 0.64);
    SequencedMap<String, String> facts = Facts.ofThisMachine();
    facts.put("Hostile", "</script><!-- <script>alert(1)</script> $1 {{data}}");
    Path file = directory.resolve(Report.FILE_NAME);
    Report.write(
        file, ReportData.of(DemoSummary.of(demo.arms()), demo.arms(), demo.checkpoint(), facts));
    html = Files.readString(file);
    data = Json.MAPPER.readTree(only("<script id=\"data\"[^>]*>(.*?)</script>"));
  }

  @Test
  void everythingIsInTheFileAndItIsSmall() {
    assertThat(html.length()).isBetween(1_000_000, 1_300_000);
    assertThat(html).contains("Apache License, Version 2.0", "function lineages()", ".lineage li");
    assertThat(html).doesNotContain("{{styles}}", "{{echarts}}", "{{scripts}}");
    assertThat(Pattern.compile("<script").matcher(withoutLibrary()).results()).hasSize(3);
  }

  @Test
  void nothingIsFetched() {
    assertThat(html).contains("content=\"default-src 'none';");
    assertThat(withoutLibrary())
        .doesNotContainPattern("\\ssrc=")
        .doesNotContainPattern("<link(?![^>]*href=\"data:)")
        .doesNotContain("@import", "url(", "fetch(", "XMLHttpRequest");
  }

  @Test
  void dataCannotEndItsScript() {
    assertThat(data.at("/facts/Hostile").stringValue())
        .isEqualTo("</script><!-- <script>alert(1)</script> $1 {{data}}");
    assertThat(html).doesNotContain("alert(1)</script>");
  }

  @Test
  void curvesOfGrownModelsBeginWhereTheyGrew() {
    JsonNode grown = data.at("/curves/1");
    assertThat(grown.at("/role").stringValue()).isEqualTo("UPCYCLED");
    assertThat(grown.at("/growths/0/tokens").longValue()).isEqualTo(488 * 4096);
    assertThat(grown.at("/growths/0/released").longValue()).isEqualTo((488 + 196) * 4096);
    assertThat(grown.at("/train/tokens/0").longValue()).isGreaterThan(488 * 4096);
    assertThat(grown.at("/validation/tokens/0").longValue()).isEqualTo(488 * 4096);
    assertThat(grown.at("/domains/java/tokens/0").longValue()).isEqualTo(488 * 4096);
    assertThat(grown.at("/coselection/values"))
        .hasSameSizeAs(grown.at("/domains/java/values"))
        .hasSameSizeAs(grown.at("/validation/values"));
    assertThat(data.at("/curves/0/coselection/values")).isEmpty();
    assertThat(data.at("/curves/0/train/tokens").size()).isLessThanOrEqualTo(500);
  }

  @Test
  void loadsAreRelativeToAnEvenShareAndNeverSpanTheGrowth() {
    JsonNode load = data.at("/experts/0/load");
    assertThat(load.size()).isLessThanOrEqualTo(150);
    for (JsonNode stretch : load) {
      boolean before = stretch.at("/tokens").longValue() <= 488 * 4096;
      JsonNode experts = stretch.at("/load/2");
      assertThat(experts.size()).isEqualTo(before ? 8 : 32);
      double sum = 0;
      for (JsonNode value : experts) {
        sum += value.doubleValue();
      }
      assertThat(sum / experts.size()).isBetween(0.99, 1.01);
    }
  }

  @Test
  void factsNameVersions() {
    assertThat(data.at("/facts/Java").stringValue()).startsWith("25");
    assertThat(data.at("/facts/PyTorch for Java").stringValue()).startsWith("2.");
  }

  @Test
  void theLineageIsThatOfTheManifest() {
    assertThat(data.at("/experts/0/lineage")).hasSize(3);
    assertThat(data.at("/experts/0/lineage/0/layer").intValue()).isEqualTo(1);
    assertThat(data.at("/experts/0/lineage/0/parents/0/31").intValue()).isEqualTo(7);
  }

  @Test
  void aCheckpointThatIsNotTheGrownOneIsRefused() {
    SyntheticDemo demo = SyntheticDemo.write(directory.resolve("other"), 0.64);
    assertThatThrownBy(() ->
            ReportData.of(
                DemoSummary.of(demo.arms()), demo.arms(), directory, new LinkedHashMap<>()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("tells of no growth to 32 experts");
  }

  @Test
  void thinningKeepsTheLastPoint() {
    assertThat(Thinning.points(0, 5)).isEmpty();
    assertThat(Thinning.points(3, 5)).containsExactly(0, 1, 2);
    assertThat(Thinning.points(7, 3)).containsExactly(1, 3, 6);
    assertThat(Thinning.rounded(List.of(1.23456, -0.00004), 4)).containsExactly(1.2346, -0.0);
  }

  /** The page without the charting library, which knows how to fetch but is never told to. */
  private static String withoutLibrary() {
    int begin = html.indexOf("<script>") + "<script>".length();
    return html.substring(0, begin) + html.substring(html.indexOf("</script>", begin));
  }

  private static String only(String pattern) {
    List<MatchResult> found =
        Pattern.compile(pattern, Pattern.DOTALL).matcher(html).results().toList();
    assertThat(found).hasSize(1);
    return found.getFirst().group(1);
  }
}
