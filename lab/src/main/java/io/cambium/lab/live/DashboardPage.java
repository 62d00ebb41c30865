package io.cambium.lab.live;

import io.cambium.lab.report.PageParts;
import java.util.List;
import java.util.Map;

/** The files of the page, by path. */
final class DashboardPage {

  /**
   * A file.
   *
   * @param type its media type
   */
  record File(String type, String text) {}

  private static final List<String> STYLES =
      List.of(
          "/io/cambium/lab/report/theme.css",
          "/io/cambium/lab/report/page.css",
          "/io/cambium/lab/report/parts.css",
          "/io/cambium/lab/report/experts.css",
          "/io/cambium/lab/live/dashboard.css");
  private static final List<String> SCRIPTS =
      List.of(
          "/io/cambium/lab/report/base.js",
          "/io/cambium/lab/report/heatmap.js",
          "/io/cambium/lab/live/lines.js",
          "/io/cambium/lab/live/parts.js",
          "/io/cambium/lab/live/dashboard.js");

  static final Map<String, File> FILES =
      Map.of(
          "/",
          new File("text/html", PageParts.resource("/io/cambium/lab/live/dashboard.html")),
          "/style.css",
          new File("text/css", PageParts.resources(STYLES)),
          "/echarts.js",
          new File("text/javascript", PageParts.echarts()),
          "/script.js",
          new File("text/javascript", PageParts.resources(SCRIPTS)));

  private DashboardPage() {}
}
