package io.cambium.training.data.corpus;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.Split;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * A first reading of a domain: how much there is, and where to cut it in two.
 *
 * @param trainBytes UTF-8 bytes of the documents for training
 * @param validationBytes UTF-8 bytes of the documents held out
 * @param validationLimit documents whose place is below it are held out
 */
record Survey(long trainBytes, long validationBytes, double validationLimit) {

  /**
   * Bytes that a domain's validation split should have: about 20,000 tokens or more, so that its
   * loss is worth comparing.
   */
  static final long VALIDATION_BYTES = 96_000;

  private static final int BUCKETS = 1 << 16;
  private static final int SMALLEST_TRAIN_TO_VALIDATION = 4;

  /**
   * Reads all documents. The share held out is the asked one, or what is needed for {@link
   * #VALIDATION_BYTES}, but then not beyond about a fifth.
   *
   * @throws UsageException if there is no document, or one of the splits would have none
   */
  static Survey of(DomainSource source, double validationShare) {
    long[] bytesAt = new long[BUCKETS];
    try (Stream<String> documents = source.documents()) {
      documents.forEach(document -> {
        Fingerprint fingerprint = Fingerprint.of(document);
        bytesAt[(int) (fingerprint.splitPosition() * BUCKETS)] += fingerprint.bytes();
      });
    }
    return cut(source, bytesAt, validationShare);
  }

  private static Survey cut(DomainSource source, long[] bytesAt, double validationShare) {
    long total = Arrays.stream(bytesAt).sum();
    long wanted = Math.clamp(total / (1 + SMALLEST_TRAIN_TO_VALIDATION), 1, VALIDATION_BYTES);
    long validation = 0;
    int limit = 0;
    while (limit < BUCKETS && (limit < validationShare * BUCKETS || validation < wanted)) {
      validation += bytesAt[limit++];
    }
    if (validation == 0 || validation == total) {
      throw new UsageException(
          "domain " + source.domain() + " (" + source.origin() + ")",
          total == 0
              ? "holds no text"
              : "has too few documents: the "
                  + (validation == 0 ? Split.VALIDATION : Split.TRAIN).folder()
                  + " split would be empty",
          "give more documents (`cambium tokenize --lines N` makes several of a long file)");
    }
    return new Survey(total - validation, validation, (double) limit / BUCKETS);
  }

  /** Which split a document belongs to. */
  Split splitOf(Fingerprint fingerprint) {
    return fingerprint.splitPosition() < validationLimit ? Split.VALIDATION : Split.TRAIN;
  }

  long bytes() {
    return trainBytes + validationBytes;
  }
}
