package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.CompanionFiles;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.WeightIndex;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint on the Hub. Only what Cambium reads is brought here: config.json, index and manifest
 * at once; tokenizer and the like when asked for; weights, which can be looked at before, last.
 */
public final class HubCheckpoint implements CheckpointSource {

  private final HubRepository repository;
  private final HubListener listener;
  private final SortedMap<String, RemoteShard> elsewhere = new TreeMap<>();
  private boolean headersRead;
  private @Nullable WeightDownloads downloads;

  private HubCheckpoint(HubRepository repository, HubListener listener) {
    this.repository = repository;
    this.listener = listener;
    bring(List.of(CheckpointDirectory.CONFIG, CheckpointDirectory.INDEX, Manifest.FILE_NAME));
    requireConfig();
    List<String> missing = weights().stream().filter(name -> !repository.isHere(name)).toList();
    InParallel.forEach(missing, this::lookFor);
  }

  /**
   * Finds a checkpoint.
   *
   * @param listener told of everything that takes a while, later too
   * @throws CheckpointException if it cannot be had, or holds no safetensors weights
   */
  public static HubCheckpoint open(
      HubReference reference, HubSettings settings, HubListener listener) {
    return open(reference, settings, listener, Retries.Pause.REAL);
  }

  static HubCheckpoint open(
      HubReference reference, HubSettings settings, HubListener listener, Retries.Pause pause) {
    HubRepository repository = HubRepository.open(reference, settings, pause);
    try {
      return new HubCheckpoint(repository, listener);
    } catch (RuntimeException e) {
      repository.close();
      throw e;
    }
  }

  private void requireConfig() {
    if (!repository.isHere(CheckpointDirectory.CONFIG)) {
      throw repository.lacks(
          "has no " + CheckpointDirectory.CONFIG,
          "name a model in the form that transformers saves");
    }
  }

  private SortedSet<String> weights() {
    if (repository.files().contains(CheckpointDirectory.SINGLE_FILE)) {
      return new TreeSet<>(List.of(CheckpointDirectory.SINGLE_FILE));
    }
    Path index = directory().resolve(CheckpointDirectory.INDEX);
    if (!repository.isHere(CheckpointDirectory.INDEX)) {
      throw repository.lacks(
          "has neither " + CheckpointDirectory.SINGLE_FILE + " nor " + CheckpointDirectory.INDEX,
          "only safetensors weights are read: name a revision that has them, such as refs/pr/1");
    }
    return WeightIndex.read(index).shards();
  }

  private void lookFor(String name) {
    HubFile file = repository.describe(name);
    RemoteShard shard = new RemoteShard(repository, file, () -> arrived(name));
    synchronized (elsewhere) {
      elsewhere.put(name, shard);
    }
  }

  @Override
  public void fetchCompanions() {
    bring(repository.files().stream().filter(CompanionFiles::belongs).toList());
  }

  private void bring(List<String> names) {
    List<String> missing =
        names.stream()
            .filter(name -> repository.files().contains(name) && !repository.isHere(name))
            .toList();
    AtomicInteger done = new AtomicInteger();
    InParallel.forEach(
        missing,
        name -> {
          repository.fetch(repository.describe(name), _ -> {});
          listener.update("fetching small files", done.incrementAndGet(), missing.size());
        });
  }

  @Override
  public Path path() {
    return directory();
  }

  @Override
  public boolean isRevision() {
    return true;
  }

  @Override
  public Path directory() {
    return repository.directory();
  }

  @Override
  public Optional<String> singleFile() {
    return Optional.of(CheckpointDirectory.SINGLE_FILE)
        .filter(name -> repository.files().contains(name));
  }

  @Override
  public SafetensorsFile open(String name) {
    RemoteShard shard = elsewhere.get(name);
    if (shard == null) {
      return CheckpointSource.super.open(name);
    }
    readHeaders();
    return SafetensorsFile.open(shard);
  }

  private synchronized void readHeaders() {
    if (headersRead) {
      return;
    }
    AtomicInteger done = new AtomicInteger();
    InParallel.forEach(
        elsewhere.values(),
        shard -> {
          shard.readAhead();
          listener.update("reading headers", done.incrementAndGet(), elsewhere.size());
        });
    headersRead = true;
  }

  /** What the Hub says of a file that is not here is what it will be checked against. */
  @Override
  public String sha256(String name) {
    RemoteShard shard = elsewhere.get(name);
    if (shard == null) {
      return CheckpointSource.super.sha256(name);
    }
    if (shard.file().isLarge()) {
      return shard.file().etag();
    }
    started().await(name);
    return CheckpointSource.super.sha256(name);
  }

  @Override
  public void fetch() {
    started();
  }

  private synchronized WeightDownloads started() {
    if (downloads == null) {
      List<HubFile> files = elsewhere.values().stream().map(RemoteShard::file).toList();
      downloads = new WeightDownloads(repository, files, listener);
    }
    return downloads;
  }

  @Override
  public void complete() {
    started().awaitAll();
  }

  private Optional<Path> arrived(String name) {
    WeightDownloads arriving = downloads();
    if (arriving == null) {
      return Optional.empty();
    }
    arriving.await(name);
    return Optional.of(directory().resolve(name));
  }

  private synchronized @Nullable WeightDownloads downloads() {
    return downloads;
  }

  @Override
  public synchronized void close() {
    if (downloads != null) {
      downloads.close();
    }
    repository.close();
  }
}
