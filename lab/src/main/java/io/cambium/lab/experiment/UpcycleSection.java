package io.cambium.lab.experiment;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.YamlSettings;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DenseSettings;
import java.util.LinkedHashMap;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * How an arm makes experts of a dense model: the options of {@code cambium upcycle} under their own
 * names.
 */
final class UpcycleSection {

  /** A value for every key. */
  private static final DenseSettings EXAMPLE =
      new DenseSettings(8, 2, 1, "1::2", false, "drop", .1, .5, .9, "normal", .02, "mixtral");

  private UpcycleSection() {}

  /**
   * Reads a section.
   *
   * @throws UsageException naming the setting, below {@code upcycle}
   */
  static DenseSettings read(ObjectNode section) {
    DenseSettings settings = incomplete(section);
    options(settings, 0);
    return settings;
  }

  /** Settings of which others may still be replaced: keys and types are checked. */
  static DenseSettings incomplete(ObjectNode section) {
    return YamlSettings.over(DenseSettings.DEFAULT, EXAMPLE, section);
  }

  static DenseOptions options(DenseSettings settings, long seed) {
    if (DenseSettings.needsDomains(settings.router())) {
      throw new UsageException(
          "router",
          settings.router() + " needs text of each domain, which an arm does not have",
          "make the model with `cambium upcycle --router centroid`, and name it as the arm's model");
    }
    return settings.options(Optional.empty(), new LinkedHashMap<>(), seed, false);
  }
}
