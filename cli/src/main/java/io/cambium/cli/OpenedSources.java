package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.hub.HubListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Checkpoints that a command works on at once.
 *
 * @param models in the order of the command line
 */
record OpenedSources(List<CheckpointSource> models) implements AutoCloseable {

  /** Opens them, with the files beside their weights. */
  static OpenedSources open(
      List<String> names, Map<String, String> environment, HubListener listener) {
    OpenedSources opened = new OpenedSources(new ArrayList<>());
    try {
      for (String name : names) {
        CheckpointSource source = CheckpointArgument.open(name, environment, listener);
        opened.models.add(source);
        source.fetchCompanions();
      }
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  @Override
  public void close() {
    models.forEach(CheckpointSource::close);
  }
}
