package io.cambium.model;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * One thread per core, each running single-threaded ops over shared weights. The members run the
 * same task side by side and meet at barriers.
 */
public final class Team implements AutoCloseable {

  private final int size;
  private final @Nullable Crew crew;
  private final ExecutorService threads;
  private final Object lock = new Object();
  private int waiting;
  private int left;
  private long generation;
  private @Nullable Throwable failure;

  public Team(int size) {
    this(size, null);
  }

  private Team(int size, @Nullable Crew crew) {
    if (size < 1) {
      throw new IllegalArgumentException("a team of " + size);
    }
    Torch.start();
    this.size = size;
    this.crew = crew;
    this.threads =
        Executors.newFixedThreadPool(
            size, Thread.ofPlatform().daemon().name("worker-", 0).factory());
  }

  /** One thread per core. */
  public static Team ofAllCores() {
    return new Team(Runtime.getRuntime().availableProcessors());
  }

  /**
   * One member whose matrix products spread over all cores: for a single sequence, token by token,
   * where there is nothing to share out.
   */
  public static Team ofOneOnAllCores() {
    return new Team(1, new Crew(Runtime.getRuntime().availableProcessors()));
  }

  public int size() {
    return size;
  }

  /**
   * Runs the task once per member and waits for all. Native memory that a member allocates is freed
   * when its task ends.
   *
   * @throws RuntimeException the first failure of any member; the others are released from their
   *     barriers
   */
  public void run(Consumer<Member> task) {
    synchronized (lock) {
      failure = null;
      waiting = 0;
      left = 0;
    }
    List<Future<?>> futures = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Member member = new Member(i);
      futures.add(threads.submit(() -> runScoped(task, member)));
    }
    for (Future<?> future : futures) {
      try {
        future.get();
      } catch (ExecutionException e) {
        fail(e.getCause() == null ? e : e.getCause());
      } catch (InterruptedException e) {
        fail(e);
      }
    }
    rethrow();
  }

  private void runScoped(Consumer<Member> task, Member member) {
    try (PointerScope scope = new PointerScope()) {
      perform(task, member);
      // Shared buffers belong to the scope of whoever came last to a barrier: nobody leaves before
      // all are done with them, least of all somebody who failed.
      leave();
    }
  }

  private void perform(Consumer<Member> task, Member member) {
    try {
      Torch.start();
      if (crew == null) {
        task.accept(member);
      } else {
        ScopedValue.where(Crew.HERE, crew).run(() -> task.accept(member));
      }
    } catch (CancellationException e) {
      // Another member failed first; its error is the one to report.
      return;
    } catch (Throwable e) {
      fail(e);
    }
  }

  private void leave() {
    synchronized (lock) {
      left++;
      lock.notifyAll();
      while (left < size) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          // Leaving early would free memory that others compute with.
          failure = e;
        }
      }
    }
  }

  private void fail(Throwable cause) {
    synchronized (lock) {
      if (failure == null) {
        failure = cause;
      }
      lock.notifyAll();
    }
  }

  private void rethrow() {
    synchronized (lock) {
      switch (failure) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new IllegalStateException(failure);
      }
    }
  }

  private void await(Runnable byTheLast) {
    synchronized (lock) {
      long mine = generation;
      if (failure == null && ++waiting == size) {
        byTheLast.run();
        waiting = 0;
        generation++;
        lock.notifyAll();
        return;
      }
      while (generation == mine && failure == null) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          failure = e;
          lock.notifyAll();
        }
      }
      if (generation == mine) {
        throw new CancellationException("another worker failed");
      }
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    if (crew != null) {
      crew.close();
    }
  }

  /** One thread of the team, inside a task. */
  public final class Member {
    private final int index;

    private Member(int index) {
      this.index = index;
    }

    /** 0 to size - 1. */
    public int index() {
      return index;
    }

    public int teamSize() {
      return size;
    }

    /** Waits until all members are here. */
    public void await() {
      Team.this.await(() -> {});
    }

    /** Waits until all members are here; the last one runs the action before any goes on. */
    public void await(Runnable byTheLast) {
      Team.this.await(byTheLast);
    }
  }
}
