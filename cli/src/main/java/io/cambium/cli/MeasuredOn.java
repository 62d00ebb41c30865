package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.model.InferenceModel;
import io.cambium.training.config.BatchConfig;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which checkpoint is measured, and on how much text. */
final class MeasuredOn {

  @Mixin private DownloadedCheckpoint checkpoint;

  @Option(
      names = "--sequences",
      defaultValue = "16",
      paramLabel = "N",
      description = "Sequences of each domain, or batch (default: ${DEFAULT-VALUE}).")
  private int sequences;

  @Option(
      names = "--length",
      defaultValue = "256",
      paramLabel = "N",
      description = "Tokens in a sequence (default: ${DEFAULT-VALUE}).")
  private int length;

  /** The checkpoint, all of whose files are here. */
  CheckpointSource open(Map<String, String> environment) {
    return checkpoint.open(environment);
  }

  /** What the user calls it. */
  String checkpoint() {
    return checkpoint.toString();
  }

  /**
   * Refuses sequences that the model has no positions for.
   *
   * @throws io.cambium.checkpoint.UsageException if they are too long, or there are none
   */
  void requireFits(InferenceModel model) {
    new BatchConfig(sequences, length, 1)
        .requireFits(
            model.directory().config().countOr("max_position_embeddings", Integer.MAX_VALUE));
  }

  int sequences() {
    return sequences;
  }

  int length() {
    return length;
  }
}
