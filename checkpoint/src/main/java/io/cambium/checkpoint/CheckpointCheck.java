package io.cambium.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is wrong with a checkpoint directory: all of it, where opening one stops at the first fault.
 */
public final class CheckpointCheck {

  /** What a directory must pass to be opened. */
  static final List<Check> OF_OPENING = List.of(TensorChecks::areThoseOfConfig);

  /** What can be wrong beyond that, and other programs may stumble over. */
  private static final List<Check> FURTHER =
      List.of(
          FileChecks::nameAnArchitecture,
          FileChecks::holdOneForm,
          FileChecks::holdNoStaleFile,
          FileChecks::addUpToTotalSize,
          TensorChecks::numberExpertsWithoutGap,
          TensorChecks::haveOneTypeOfExperts,
          ManifestChecks::tellOfTheseExperts,
          ManifestChecks::nameTheseFiles);

  private CheckpointCheck() {}

  /** The files against the checksums of the manifest, which reads all of them. */
  public static Check checksums(Progress progress) {
    return (checkpoint, faults) ->
        ChecksumCheck.run(checkpoint.source(), checkpoint.manifest(), progress, faults);
  }

  /**
   * Reads the headers of a checkpoint's files and runs every check.
   *
   * @param more checks that are asked for, or that this module knows nothing of
   * @throws CheckpointException if it is no directory, or the disk refuses
   */
  public static CheckResult run(CheckpointSource source, List<Check> more) {
    List<Fault> faults = new ArrayList<>();
    try (CheckpointParts checkpoint = CheckpointParts.read(source, faults::add)) {
      Stream.of(OF_OPENING, FURTHER, more)
          .flatMap(List::stream)
          .forEach(check -> check.run(checkpoint, faults::add));
      return new CheckResult(
          source.directory(),
          checkpoint.weights().files().size(),
          checkpoint.weights().tensors().size(),
          faults);
    }
  }
}
