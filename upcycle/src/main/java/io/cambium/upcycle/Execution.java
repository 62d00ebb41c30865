package io.cambium.upcycle;

/**
 * How a plan is carried out; the result's bytes do not depend on it.
 *
 * @param threads that write
 * @param unfinished what becomes of what an interrupted conversion left under the target's staging
 *     name
 * @param check how much of the result is checked
 */
public record Execution(int threads, Unfinished unfinished, Check check) {

  /** As many threads as keep the disk busy while others compute; begins anew, checks everything. */
  public static final Execution DEFAULT =
      new Execution(
          2 * Runtime.getRuntime().availableProcessors(), Unfinished.REPLACE, Check.LOGITS);

  public Execution {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads");
    }
  }

  /** What becomes of an unfinished conversion. */
  public enum Unfinished {
    /** It is an error to find one. */
    REFUSE,
    /** It is gone on with, if it is the same conversion; where there is none, one begins. */
    RESUME,
    /** It is deleted. */
    REPLACE
  }

  /** How much is checked, each more than the one before it. */
  public enum Check {
    /** Nothing; the manifest then has no checksums either. */
    NONE,
    /** Everything is read back from the disk and compared. */
    BYTES,
    /** And both models are run. */
    LOGITS
  }
}
