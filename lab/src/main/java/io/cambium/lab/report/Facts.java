package io.cambium.lab.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.Properties;
import java.util.SequencedMap;

/** What the numbers of a run depend on beside its configuration. */
public final class Facts {

  private Facts() {}

  /** Versions and the machine, by label, for {@link ReportData}; add seeds and the like to it. */
  public static SequencedMap<String, String> ofThisMachine() {
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    facts.put("Java", Runtime.version() + " (" + System.getProperty("java.vendor") + ")");
    facts.put("PyTorch for Java", version("org.bytedeco", "pytorch"));
    facts.put("System", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    facts.put("Processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
    return facts;
  }

  /** The version of an artifact on the class path, from what Maven left in its jar. */
  static String version(String group, String artifact) {
    String resource = "/META-INF/maven/%s/%s/pom.properties".formatted(group, artifact);
    Properties properties = new Properties();
    try (InputStream in =
        Objects.requireNonNull(Facts.class.getResourceAsStream(resource), resource)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }
}
