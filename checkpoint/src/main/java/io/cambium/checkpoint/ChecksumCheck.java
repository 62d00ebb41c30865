package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** The files of a directory against the checksums that its manifest holds; reads all of them. */
final class ChecksumCheck {

  private static final String WORK = "reading checksums";

  private ChecksumCheck() {}

  /**
   * Reads as many files at once as there are cores.
   *
   * @param progress in bytes
   * @param faults hears of every file that is missing or differs, by name
   * @throws CheckpointException if the disk refuses
   */
  static void run(Path directory, Manifest manifest, Progress progress, Consumer<Fault> faults) {
    List<Map.Entry<String, String>> files = List.copyOf(manifest.sha256().entrySet());
    long total = files.stream().mapToLong(file -> size(directory.resolve(file.getKey()))).sum();
    AtomicLong read = new AtomicLong();
    LongConsumer counter = bytes -> progress.update(WORK, read.addAndGet(bytes), total);
    List<Fault> found =
        files.parallelStream()
            .map(file -> fault(directory.resolve(file.getKey()), file.getValue(), counter))
            .flatMap(Optional::stream)
            .toList();
    found.forEach(faults);
  }

  private static long size(Path file) {
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  private static Optional<Fault> fault(Path file, String expected, LongConsumer counter) {
    if (Files.notExists(file)) {
      return Optional.of(new Fault(FaultKind.MISSING_FILE, file, "cannot be read: no such file"));
    }
    if (Checksums.sha256(file, counter).equals(expected)) {
      return Optional.empty();
    }
    return Optional.of(
        new Fault(
            FaultKind.WRONG_CHECKSUM,
            file,
            "does not have the SHA-256 that " + Manifest.FILE_NAME + " holds"));
  }
}
