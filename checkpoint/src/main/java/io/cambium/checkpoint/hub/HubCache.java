package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the huggingface_hub package keeps of one repository
 * (https://huggingface.co/docs/huggingface_hub/guides/manage-cache): blobs by their checksums, a
 * snapshot of links to them for each commit, and the commits that branches and tags stood for last.
 */
record HubCache(Path root, Path repository, boolean links) {

  static HubCache of(HubSettings settings, String repository) {
    String folder = "models--" + repository.replace("/", "--");
    return new HubCache(settings.cache(), settings.cache().resolve(folder), settings.links());
  }

  /** A commit's files, under their names. */
  Path snapshot(String commit) {
    return repository.resolve("snapshots").resolve(commit);
  }

  Path blob(HubFile file) {
    return repository.resolve("blobs").resolve(file.etag());
  }

  /** What has arrived of a blob. */
  Path incomplete(HubFile file) {
    return repository.resolve("blobs").resolve(file.etag() + ".incomplete");
  }

  /** Held by the process that brings a blob. */
  Path lock(HubFile file) {
    return root.resolve(".locks").resolve(repository.getFileName()).resolve(file.etag() + ".lock");
  }

  /** The commit that a branch or tag stood for when it was last asked for. */
  Optional<String> commit(String revision) {
    Path ref = ref(revision);
    try {
      return Files.isRegularFile(ref)
          ? Optional.of(Files.readString(ref).strip()).filter(HubReference::isCommit)
          : Optional.empty();
    } catch (IOException e) {
      throw CheckpointException.unreadable(ref, e);
    }
  }

  /** Keeps what a branch or tag stands for, and makes the commit's folder. */
  void remember(HubReference reference, String commit) {
    Path ref = ref(reference.revision());
    try {
      Files.createDirectories(snapshot(commit));
      if (!reference.isCommit() && !commit(reference.revision()).equals(Optional.of(commit))) {
        Files.createDirectories(ref.getParent());
        Path written = Files.createTempFile(ref.getParent(), "ref", ".tmp");
        Files.writeString(written, commit);
        Files.move(written, ref, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(ref, e);
    }
  }

  private Path ref(String revision) {
    return repository.resolve("refs").resolve(revision);
  }

  /** Names of the files that a commit's snapshot holds; of one that is not there none. */
  SortedSet<String> files(String commit) {
    Path snapshot = snapshot(commit);
    if (!Files.isDirectory(snapshot)) {
      return new TreeSet<>();
    }
    try (Stream<Path> entries = Files.list(snapshot)) {
      return entries
          .filter(Files::isRegularFile)
          .map(entry -> entry.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw CheckpointException.unreadable(snapshot, e);
    }
  }

  /**
   * Gives a blob its name in a commit's snapshot: by a link, or where the file system has none as
   * huggingface_hub does, as the file itself.
   *
   * @param fresh whether no other snapshot can have the blob yet
   */
  void name(HubFile file, String commit, boolean fresh) throws IOException {
    Path named = snapshot(commit).resolve(file.name());
    if (Files.exists(named)) {
      return;
    }
    Files.createDirectories(named.getParent());
    Files.deleteIfExists(named); // A link whose blob was deleted.
    if (links && link(named, blob(file))) {
      return;
    }
    if (fresh) {
      Files.move(blob(file), named, StandardCopyOption.ATOMIC_MOVE);
    } else {
      Path copy = incomplete(file);
      Files.copy(blob(file), copy, StandardCopyOption.REPLACE_EXISTING);
      Files.move(copy, named, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static boolean link(Path named, Path blob) throws IOException {
    try {
      Path folder = Objects.requireNonNull(named.getParent());
      Files.createSymbolicLink(named, folder.relativize(blob));
      return true;
    } catch (UnsupportedOperationException | FileSystemException e) {
      return Files.exists(named);
    }
  }
}
