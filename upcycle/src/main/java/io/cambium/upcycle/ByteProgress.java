package io.cambium.upcycle;

import io.cambium.checkpoint.Progress;

/** Counts bytes that several threads are done with, and tells of them in order: never backwards. */
final class ByteProgress {

  private final Progress progress;
  private final String what;
  private final long total;
  private long done;

  /**
   * @param done before
   * @param total of what is counted; more than that is not told
   */
  ByteProgress(Progress progress, String what, long done, long total) {
    this.progress = progress;
    this.what = what;
    this.done = done;
    this.total = total;
  }

  synchronized void add(long bytes) {
    long before = done;
    done = Math.min(total, done + bytes);
    if (done > before) {
      progress.updateBytes(what, done, total);
    }
  }
}
