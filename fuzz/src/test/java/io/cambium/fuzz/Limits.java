package io.cambium.fuzz;

import com.sun.management.ThreadMXBean;
import io.cambium.checkpoint.CambiumException;
import java.lang.management.ManagementFactory;

/**
 * What a reader may do with any input: read it, or refuse it with an error of Cambium's own, within
 * a bound on memory that depends on the input's length alone.
 */
final class Limits {

  private static final long BYTES = 64L << 20;
  private static final long BYTES_FOR_EACH_OF_THE_INPUT = 10_000;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Limits() {}

  /**
   * Reads an input.
   *
   * @throws AssertionError if it took more memory than its length entitles it to
   */
  static void hold(byte[] input, Runnable reader) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      reader.run();
    } catch (CambiumException _) {
      // Refused, with place and remedy.
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    if (allocated > BYTES + BYTES_FOR_EACH_OF_THE_INPUT * input.length) {
      throw new AssertionError(
          "%d bytes of input took %d bytes of memory".formatted(input.length, allocated));
    }
  }
}
