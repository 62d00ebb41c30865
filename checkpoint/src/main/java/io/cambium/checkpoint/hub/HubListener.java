package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.Progress;

/** Listens to what takes a while with the Hub. Called from any thread. */
public interface HubListener extends Progress {

  /**
   * Weights arrive.
   *
   * @param what in a few words
   * @param bytes of them that are here, checked or not
   * @param total bytes of all
   */
  void transferred(String what, long bytes, long total);

  /** Ignores everything. */
  HubListener NONE =
      new HubListener() {
        @Override
        public void update(String what, long done, long total) {}

        @Override
        public void transferred(String what, long bytes, long total) {}
      };
}
