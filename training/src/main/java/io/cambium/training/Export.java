package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.RunConfig;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint as a plain Hugging Face directory: weights, config.json, tokenizer and manifest,
 * byte for byte, without the state of its training.
 *
 * @param source the checkpoint
 * @param files what is copied
 * @param bytes length of all files together
 */
public record Export(Path source, List<Path> files, long bytes) {

  private static final long PIECE_BYTES = 1 << 26;

  /**
   * Prepares an export.
   *
   * @param runOrCheckpoint a run, for its newest checkpoint, or a checkpoint
   * @throws UsageException if other engines would choose other experts than the checkpoint does
   * @throws CheckpointException if it is broken
   */
  public static Export of(Path runOrCheckpoint) {
    Path source = checkpoint(runOrCheckpoint);
    try (CheckpointDirectory directory = CheckpointDirectory.open(source)) {
      if (!directory.manifest().hasHuggingFaceForm()) {
        throw noHuggingFaceForm(source, directory.manifest().selection());
      }
    }
    try (Stream<Path> entries = Files.list(source)) {
      List<Path> files = entries.filter(Files::isRegularFile).sorted().toList();
      long bytes = 0;
      for (Path file : files) {
        bytes += Files.size(file);
      }
      return new Export(source, files, bytes);
    } catch (IOException e) {
      throw CheckpointException.unreadable(source, e);
    }
  }

  private static Path checkpoint(Path path) {
    if (!Files.exists(path.resolve(RunConfig.FILE_NAME))) {
      return path;
    }
    return RunDirectory.open(path)
        .latestCheckpoint()
        .orElseThrow(() ->
            new UsageException(path, "is a run that has no checkpoint yet", "wait for the first"));
  }

  private static UsageException noHuggingFaceForm(
      Path source, Manifest.@Nullable Selection selection) {
    if (selection == null || !selection.isRelease()) {
      return new UsageException(
          source,
          "chooses experts by token id, which no other engine does",
          "there is no plain form of it");
    }
    Release release =
        Files.exists(source.resolve(TrainerState.FILE))
            ? TrainerState.read(source).release()
            : null;
    return new UsageException(
        source,
        "is in the middle of the release of a lineage growth: other engines would choose other"
            + " experts",
        release == null
            ? "train it until its release has ended (docs/grow.md)"
            : "export a checkpoint from step %d on, when it is a plain top-K model"
                .formatted(release.end()));
  }

  /**
   * Writes the directory, which appears when it is complete and equals its source by checksum.
   *
   * @param overwrite whether an existing target may be replaced
   * @throws UsageException if the target exists and may not be replaced
   * @throws CheckpointException if a file is damaged, or the disk refuses
   */
  public void write(Path target, boolean overwrite, Progress progress) {
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      long done = 0;
      for (Path file : files) {
        done = copy(file, staged.path().resolve(file.getFileName()), done, progress);
      }
      try (CheckpointDirectory written = CheckpointDirectory.open(staged.path())) {
        written.verifyChecksums();
      }
      staged.commit();
    } catch (IOException e) {
      throw CheckpointException.unwritable(target, e);
    }
  }

  private long copy(Path from, Path to, long doneBefore, Progress progress) throws IOException {
    try (FileChannel in = FileChannel.open(from);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      long at = 0;
      while (at < in.size()) {
        at += in.transferTo(at, PIECE_BYTES, out);
        progress.update("exporting", doneBefore + at, bytes);
      }
      return doneBefore + at;
    }
  }
}
