package io.cambium.lab.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** The styles, scripts and libraries that pages are made of, from the class path. */
public final class PageParts {

  private PageParts() {}

  /** The charting library, with its licence notice, from its WebJar. */
  public static String echarts() {
    return resource(
        "/META-INF/resources/webjars/echarts/%s/dist/echarts.min.js"
            .formatted(Facts.version("org.webjars.npm", "echarts")));
  }

  /** Some files, one after the other. */
  public static String resources(List<String> names) {
    return names.stream().map(PageParts::resource).collect(Collectors.joining("\n"));
  }

  /**
   * A text file.
   *
   * @param name relative to this package, or from the root of the class path if it begins with a
   *     slash
   */
  public static String resource(String name) {
    try (InputStream in = open(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(String name) {
    return Objects.requireNonNull(PageParts.class.getResourceAsStream(name), name);
  }
}
