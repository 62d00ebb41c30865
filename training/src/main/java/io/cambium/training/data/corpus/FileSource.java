package io.cambium.training.data.corpus;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A domain made of a user's files. */
record FileSource(String domain, List<Path> files, TextFormat format) implements DomainSource {

  @Override
  public String origin() {
    return files.size() == 1 ? files.getFirst().toString() : files.size() + " files";
  }

  @Override
  public Stream<String> documents() {
    return files.stream().flatMap(format::documents);
  }
}
