package io.cambium.training.data.corpus;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/** Works on the elements of a stream on every core and takes the results in the stream's order. */
final class OrderedParallel {

  private static final int THREADS = Runtime.getRuntime().availableProcessors();
  private static final int IN_FLIGHT = 8 * THREADS;

  private OrderedParallel() {}

  /**
   * Applies {@code work} on all cores and {@code take} in this thread. A bounded number of elements
   * is in memory. When it returns, also by an exception, no work is running any more.
   */
  static <T, R> void forEach(Stream<T> elements, Function<T, R> work, Consumer<R> take) {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Queue<Future<R>> results = new ArrayDeque<>();
      try {
        // Not by an iterator: that would hold all that one element of a flatMap gives.
        elements.forEachOrdered(element -> {
          results.add(threads.submit(() -> work.apply(element)));
          if (results.size() == IN_FLIGHT) {
            take.accept(result(results.remove()));
          }
        });
        while (!results.isEmpty()) {
          take.accept(result(results.remove()));
        }
      } finally {
        results.forEach(result -> result.cancel(false));
      }
    }
  }

  private static <R> R result(Future<R> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
