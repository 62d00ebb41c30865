package io.cambium.training.data.corpus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * At most so many bytes of a source, read once and kept in memory: a sample of its documents, in
 * their order, that depends on the seed and on nothing else.
 */
record CappedSource(String domain, String origin, List<String> kept) implements DomainSource {

  private record Candidate(int index, String document, int bytes, double position) {}

  /** Reads a source of which all is to be had if it is no longer than {@code maxBytes}. */
  static CappedSource of(DomainSource source, long maxBytes, long seed) {
    List<Candidate> drawn = new ArrayList<>();
    try (Stream<String> documents = source.documents()) {
      documents.forEach(document -> {
        Fingerprint fingerprint = Fingerprint.of(document);
        drawn.add(
            new Candidate(drawn.size(), document, fingerprint.bytes(), fingerprint.position(seed)));
      });
    }
    drawn.sort(Comparator.comparingDouble(Candidate::position));
    List<String> kept =
        within(drawn, maxBytes).stream()
            .sorted(Comparator.comparingInt(Candidate::index))
            .map(Candidate::document)
            .toList();
    return new CappedSource(source.domain(), source.origin(), kept);
  }

  /** The first candidates, as many as fit. */
  private static List<Candidate> within(List<Candidate> drawn, long maxBytes) {
    long bytes = 0;
    int count = 0;
    while (count < drawn.size() && bytes + drawn.get(count).bytes <= maxBytes) {
      bytes += drawn.get(count++).bytes;
    }
    return drawn.subList(0, count);
  }

  @Override
  public Stream<String> documents() {
    return kept.stream();
  }
}
