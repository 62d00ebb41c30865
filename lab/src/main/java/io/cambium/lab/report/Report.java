package io.cambium.lab.report;

import io.cambium.checkpoint.AtomicFile;
import io.cambium.checkpoint.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.SerializationFeature;

/**
 * Writes report.html: page, style, charts and data in one file that asks the network for nothing.
 */
public final class Report {

  public static final String FILE_NAME = "report.html";

  private static final List<String> STYLES =
      List.of("theme.css", "page.css", "parts.css", "experts.css", "print.css");
  private static final List<String> SCRIPTS =
      List.of(
          "data.js",
          "base.js",
          "table.js",
          "runs.js",
          "curves.js",
          "trees.js",
          "heatmap.js",
          "experts.js",
          "lineages.js",
          "page.js");

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)}}");

  private Report() {}

  /**
   * Writes the report, over an existing one.
   *
   * @throws io.cambium.checkpoint.CheckpointException if the file cannot be written
   */
  public static void write(Path html, ReportData data) {
    AtomicFile.write(html, page(data));
  }

  private static String page(ReportData data) {
    Map<String, String> parts =
        Map.of(
            "styles", PageParts.resources(STYLES),
            "echarts", PageParts.echarts(),
            "data", json(data),
            "scripts", PageParts.resources(SCRIPTS));
    return PLACEHOLDER
        .matcher(PageParts.resource("page.html"))
        .replaceAll(
            part -> Matcher.quoteReplacement(Objects.requireNonNull(parts.get(part.group(1)))));
  }

  /** No character of the data can end the script element that holds it. */
  private static String json(ReportData data) {
    return Json.MAPPER
        .writer()
        .without(SerializationFeature.INDENT_OUTPUT)
        .writeValueAsString(data)
        .replace("<", "\\u003c");
  }
}
