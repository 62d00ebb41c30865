package io.cambium.upcycle.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/** The spectra of the last few matrices, since the copies of a block share them. */
final class Spectra {

  private record Key(Formula matrix, double share) {}

  private final Map<Key, Spectrum> last;

  /** Keeps so many. */
  Spectra(int kept) {
    this.last =
        new LinkedHashMap<>() {
          @Override
          protected boolean removeEldestEntry(Map.Entry<Key, Spectrum> eldest) {
            return size() > kept;
          }
        };
  }

  /**
   * The spectrum of a matrix.
   *
   * @param of what computed it
   */
  synchronized Spectrum get(Formula of, Values matrix, double share) {
    return last.computeIfAbsent(new Key(of, share), _ -> Spectrum.of(matrix, share));
  }
}
