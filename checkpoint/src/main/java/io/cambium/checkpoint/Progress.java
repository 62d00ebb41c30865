package io.cambium.checkpoint;

/** Listens to work that takes a while. Called from any thread. */
public interface Progress {

  /** Ignores everything. */
  Progress NONE = (what, done, total) -> {};

  /**
   * @param what the work, in a few words
   * @param done units finished
   * @param total units in all
   */
  void update(String what, long done, long total);

  /** The same where the units are bytes. */
  default void updateBytes(String what, long done, long total) {
    update(what, done, total);
  }
}
