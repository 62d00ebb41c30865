package io.cambium.upcycle;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Does the same to many things on several threads. */
final class Workers {

  private Workers() {}

  /** In their order as far as threads allow; after the first failure nothing more is begun. */
  static <T> void forEach(List<T> things, int threads, Consumer<T> work) {
    AtomicInteger next = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Runnable worker =
        () -> {
          try {
            for (int n = next.getAndIncrement();
                n < things.size() && failure.get() == null;
                n = next.getAndIncrement()) {
              work.accept(things.get(n));
            }
          } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
          }
        };
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int n = 0; n < Math.min(threads, things.size()); n++) {
        pool.execute(worker);
      }
    }
    switch (failure.get()) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }
}
