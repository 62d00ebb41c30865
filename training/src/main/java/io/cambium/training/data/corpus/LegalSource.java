package io.cambium.training.data.corpus;

import io.cambium.checkpoint.Json;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * The licences of the SPDX list that are in English. A document is a licence; versions and variants
 * that mostly repeat another one are left out.
 */
record LegalSource(Jar jar) implements DomainSource {

  private static final Pattern LICENCE = Pattern.compile(".*/stdlicenses/[^/]*\\.json");

  @Override
  public String domain() {
    return "legal";
  }

  @Override
  public String origin() {
    return "texts of the SPDX licence list (java-spdx-library), each under its own terms";
  }

  @Override
  public Stream<String> documents() {
    NearDuplicates duplicates = new NearDuplicates();
    return jar.entries(LICENCE.asMatchPredicate())
        .map(LegalSource::licenceText)
        .flatMap(Optional::stream)
        .filter(text -> Language.of(text).equals(Optional.of(Language.EN)))
        .filter(duplicates::isNew);
  }

  /** The text in an entry of the list; the tables of contents beside them have none. */
  static Optional<String> licenceText(byte[] json) {
    JsonNode entry = Json.MAPPER.readTree(json);
    return Optional.of(
            entry
                .path("licenseText")
                .asString(entry.path("licenseExceptionText").asString(""))
                .strip())
        .filter(text -> !text.isEmpty());
  }
}
