package io.cambium.checkpoint.hub;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Asks for several small things at once, as most of the time goes by waiting for the server. */
final class InParallel {

  private static final int AT_ONCE = 8;

  private InParallel() {}

  /** Does the work for every item; throws the first failure, in the items' order. */
  static <T> void forEach(Collection<T> items, Consumer<T> work) {
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory());
    try {
      List<? extends Future<?>> futures =
          items.stream().map(item -> threads.submit(() -> work.accept(item))).toList();
      for (Future<?> future : futures) {
        future.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } finally {
      threads.shutdownNow();
    }
  }
}
