package io.cambium.upcycle.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/** The spectra of the last few matrices, since copies and replicas share them. */
final class Spectra {

  private final Map<Formula, Spectrum> last;

  /** Keeps so many. */
  Spectra(int kept) {
    this.last =
        new LinkedHashMap<>() {
          @Override
          protected boolean removeEldestEntry(Map.Entry<Formula, Spectrum> eldest) {
            return size() > kept;
          }
        };
  }

  /**
   * The spectrum of a matrix.
   *
   * @param of what computed it
   */
  synchronized Spectrum get(Formula of, Values matrix) {
    return last.computeIfAbsent(of, _ -> Spectrum.of(matrix));
  }
}
