package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Brings weight files in the background, next the one that somebody waits for. */
final class WeightDownloads implements AutoCloseable {

  private static final int AT_ONCE = 3;

  private final HubRepository repository;
  private final HubListener listener;
  private final String work;
  private final long total;
  private final AtomicLong done = new AtomicLong();
  private final Map<String, CompletableFuture<@Nullable Void>> arrivals = new LinkedHashMap<>();
  private final Deque<HubFile> waiting;
  private final List<Thread> threads;

  /**
   * Begins.
   *
   * @throws CheckpointException if the disk has no room for them
   */
  WeightDownloads(HubRepository repository, Collection<HubFile> files, HubListener listener) {
    this.repository = repository;
    this.listener = listener;
    this.work = "downloading " + repository.reference();
    this.total = files.stream().mapToLong(HubFile::size).sum();
    this.waiting = new ArrayDeque<>(files);
    requireRoom(files);
    files.forEach(file -> arrivals.put(file.name(), new CompletableFuture<>()));
    this.threads =
        Stream.generate(() -> Thread.ofVirtual().name(work).start(this::bringAll))
            .limit(AT_ONCE)
            .toList();
  }

  private void requireRoom(Collection<HubFile> files) {
    long needed = total - files.stream().mapToLong(repository::begun).sum();
    long room = repository.room();
    if (needed > room) {
      throw new CheckpointException(
          repository.directory(),
          "has room for %.1f GB, and %.1f GB have to come".formatted(room / 1e9, needed / 1e9),
          "make room, or name a cache on another disk with HF_HUB_CACHE");
    }
  }

  private void bringAll() {
    for (HubFile file = next(); file != null; file = next()) {
      CompletableFuture<@Nullable Void> arrival = arrival(file.name());
      try {
        repository.fetch(file, this::arrived);
        arrival.complete(null);
      } catch (RuntimeException e) {
        arrival.completeExceptionally(e);
      }
    }
  }

  private @Nullable HubFile next() {
    synchronized (waiting) {
      return waiting.poll();
    }
  }

  private void arrived(long bytes) {
    listener.transferred(work, done.addAndGet(bytes), total);
  }

  /**
   * Waits for a file.
   *
   * @throws CheckpointException if it does not arrive
   */
  void await(String name) {
    synchronized (waiting) {
      waiting.stream()
          .filter(file -> file.name().equals(name))
          .findFirst()
          .ifPresent(file -> {
            waiting.remove(file);
            waiting.addFirst(file);
          });
    }
    try {
      arrival(name).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException known ? known : e;
    }
  }

  /** Waits for all. */
  void awaitAll() {
    arrivals.keySet().forEach(this::await);
  }

  private CompletableFuture<@Nullable Void> arrival(String name) {
    return Objects.requireNonNull(arrivals.get(name));
  }

  /** Stops; what has arrived stays. */
  @Override
  public void close() {
    synchronized (waiting) {
      waiting.clear();
    }
    threads.forEach(Thread::interrupt);
  }
}
