package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.hub.HubCheckpoint;
import io.cambium.checkpoint.hub.HubListener;
import io.cambium.checkpoint.hub.HubReference;
import io.cambium.checkpoint.hub.HubSettings;
import java.nio.file.Path;
import java.util.Map;

/** A checkpoint as a command line names it. */
final class CheckpointArgument {

  /** For the help text. */
  static final String FORMS =
      "directory, .safetensors file with config.json beside it, or hf://owner/model[@revision] on"
          + " the Hugging Face Hub";

  private CheckpointArgument() {}

  /**
   * Finds a checkpoint; of one on the Hub no weights are downloaded yet.
   *
   * @throws io.cambium.checkpoint.CambiumException if the Hub does not give it
   */
  static CheckpointSource open(String text, Map<String, String> environment, HubListener listener) {
    return HubReference.isMeant(text)
        ? HubCheckpoint.open(HubReference.parse(text), HubSettings.of(environment), listener)
        : CheckpointSource.of(Path.of(text));
  }

  /**
   * The same, and all of its files are here when this returns.
   *
   * @throws io.cambium.checkpoint.CambiumException if one does not arrive
   */
  static CheckpointSource openWhole(String text, Map<String, String> environment) {
    try (DownloadProgress progress = DownloadProgress.onStandardError()) {
      CheckpointSource source = open(text, environment, progress);
      try {
        source.fetchCompanions();
        source.complete();
        return source;
      } catch (RuntimeException e) {
        source.close();
        throw e;
      }
    }
  }
}
