package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedSet;
import java.util.function.LongConsumer;

/** A model's files at one commit: on the Hub, and in the cache as far as they are there. */
final class HubRepository implements AutoCloseable {

  private final HubReference reference;
  private final HubSettings settings;
  private final Retries.Pause pause;
  private final HubCache cache;
  private final Optional<HubClient> client;
  private final String commit;
  private final SortedSet<String> files;

  private HubRepository(
      HubReference reference,
      HubSettings settings,
      Retries.Pause pause,
      HubCache cache,
      Optional<HubClient> client,
      HubClient.Listing listing) {
    this.reference = reference;
    this.settings = settings;
    this.pause = pause;
    this.cache = cache;
    this.client = client;
    this.commit = listing.commit();
    this.files = Collections.unmodifiableSortedSet(listing.files());
  }

  /**
   * Asks what the reference stands for; offline, what it stood for when it was last asked for.
   *
   * @throws CheckpointException if the Hub, or offline the cache, does not know it
   */
  static HubRepository open(HubReference reference, HubSettings settings, Retries.Pause pause) {
    HubCache cache = HubCache.of(settings, reference.repository());
    if (settings.offline()) {
      HubClient.Listing cached = cached(reference, cache);
      return new HubRepository(reference, settings, pause, cache, Optional.empty(), cached);
    }
    HubClient client = new HubClient(settings);
    try {
      HubClient.Listing listing = new Retries(pause).run(() -> client.list(reference));
      cache.remember(reference, listing.commit());
      return new HubRepository(reference, settings, pause, cache, Optional.of(client), listing);
    } catch (IOException e) {
      client.close();
      throw new HubFailure(settings, reference).of(reference, e);
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  private static HubClient.Listing cached(HubReference reference, HubCache cache) {
    Optional<String> commit =
        reference.isCommit()
            ? Optional.of(reference.revision())
            : cache.commit(reference.revision());
    return commit
        .map(known -> new HubClient.Listing(known, cache.files(known)))
        .filter(listing -> !listing.files().isEmpty())
        .orElseThrow(() -> offline(reference, "is not in the cache " + cache.repository()));
  }

  /** The error for a file that is not among {@link #files()}, where one has to be. */
  CambiumException lacks(String what, String remedy) {
    return settings.offline()
        ? offline(reference, what + " in the cache")
        : new CheckpointException(reference, what, remedy);
  }

  private static UsageException offline(Object place, String what) {
    return new UsageException(
        place, what + ", and HF_HUB_OFFLINE is set", "unset it to download what is missing");
  }

  /** The files that lie in no folder. */
  SortedSet<String> files() {
    return files;
  }

  /** Where files lie under their names as far as they are here. */
  Path directory() {
    return cache.snapshot(commit);
  }

  boolean isHere(String name) {
    return Files.exists(directory().resolve(name));
  }

  HubReference reference() {
    return reference;
  }

  /** Asks for the checksum and size of a file. */
  HubFile describe(String name) {
    return ask(name, () -> online(name).describe(reference.repository(), commit, name));
  }

  /** Reads a part of a file on the Hub. */
  void read(HubFile file, long position, MemorySegment target) {
    ByteBuffer buffer = target.asByteBuffer();
    ask(
        file.name(),
        () -> {
          try (HubClient.Body body =
                  online(file.name())
                      .read(
                          reference.repository(),
                          commit,
                          file.name(),
                          position + buffer.position(),
                          buffer.remaining());
              StallGuard guard = new StallGuard(body.stream(), settings.patience())) {
            guard.fill(buffer);
            return buffer;
          }
        });
  }

  /**
   * Brings a file into the cache, unless it is there.
   *
   * @param arrived told how many bytes came
   */
  void fetch(HubFile file, LongConsumer arrived) {
    HubClient hub = online(file.name());
    Path blob = cache.blob(file);
    try {
      Files.createDirectories(blob.getParent());
      try (ProcessLock _ = BlobLock.acquire(cache.lock(file))) {
        boolean fresh = !isHere(file.name()) && !Files.exists(blob);
        if (fresh) {
          download(file, hub, arrived).to(blob);
        } else {
          arrived.accept(file.size());
        }
        cache.name(file, commit, fresh);
      }
    } catch (IOException e) {
      throw failure(file.name(), e);
    }
  }

  private BlobDownload download(HubFile file, HubClient hub, LongConsumer arrived) {
    return new BlobDownload(
        file,
        cache.incomplete(file),
        position -> hub.read(reference.repository(), commit, file.name(), position),
        new Retries(pause),
        settings.patience(),
        arrived);
  }

  /** Bytes that the cache's disk has room for. */
  long room() {
    try {
      return Files.getFileStore(directory()).getUsableSpace();
    } catch (IOException e) {
      throw CheckpointException.unreadable(directory(), e);
    }
  }

  /** Bytes of a file that an earlier attempt left. */
  long begun(HubFile file) {
    try {
      Path incomplete = cache.incomplete(file);
      return Files.exists(incomplete) ? Files.size(incomplete) : 0;
    } catch (IOException e) {
      throw CheckpointException.unreadable(cache.incomplete(file), e);
    }
  }

  private HubClient online(String name) {
    return client.orElseThrow(() -> offline(place(name), "is not in the cache"));
  }

  private <T> T ask(String name, Retries.Attempt<T> attempt) {
    try {
      return new Retries(pause).run(attempt);
    } catch (IOException e) {
      throw failure(name, e);
    }
  }

  private CheckpointException failure(String name, IOException e) {
    return new HubFailure(settings, reference).of(place(name), e);
  }

  private String place(String name) {
    return reference + " " + name;
  }

  @Override
  public void close() {
    client.ifPresent(HubClient::close);
  }
}
