package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** The files of a checkpoint against the checksums that its manifest holds; reads all of them. */
final class ChecksumCheck {

  private static final String WORK = "reading checksums";

  private ChecksumCheck() {}

  /**
   * Reads as many files at once as there are cores.
   *
   * @param progress in bytes
   * @param faults hears of every file that cannot be read or differs, by name
   */
  static void run(
      CheckpointSource source, Manifest manifest, Progress progress, Consumer<Fault> faults) {
    List<Map.Entry<String, String>> files = List.copyOf(manifest.sha256().entrySet());
    long total = files.stream().mapToLong(file -> size(source, file.getKey())).sum();
    AtomicLong read = new AtomicLong();
    progress.update(WORK, 0, total);
    List<Fault> found =
        files.parallelStream()
            .flatMap(file -> {
              Optional<Fault> fault = fault(source, file.getKey(), file.getValue());
              progress.update(WORK, read.addAndGet(size(source, file.getKey())), total);
              return fault.stream();
            })
            .toList();
    found.forEach(faults);
  }

  private static long size(CheckpointSource source, String name) {
    Path file = source.directory().resolve(name);
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  private static Optional<Fault> fault(CheckpointSource source, String name, String expected) {
    try {
      if (source.sha256(name).equals(expected)) {
        return Optional.empty();
      }
    } catch (CheckpointException e) {
      return Optional.of(Fault.of(FaultKind.MISSING_FILE, e));
    }
    return Optional.of(
        new Fault(
            FaultKind.WRONG_CHECKSUM,
            source.directory().resolve(name),
            "does not have the SHA-256 that " + Manifest.FILE_NAME + " holds"));
  }
}
