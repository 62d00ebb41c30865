package io.cambium.training.data.corpus;

import java.util.stream.Stream;

/** One kind of text, as a stream of documents that can be read again and again. */
public interface DomainSource {

  /** The domain's name: letters, digits, dots, dashes and underscores. */
  String domain();

  /** Where the text comes from and on what terms, for the people who use the corpus. */
  String origin();

  /**
   * The documents, none of them blank, the same ones in the same order at every call. The caller
   * closes the stream.
   */
  Stream<String> documents();
}
