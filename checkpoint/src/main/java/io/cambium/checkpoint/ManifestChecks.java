package io.cambium.checkpoint;

import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import io.cambium.checkpoint.family.DecoderSpec;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** What must hold of cambium.json beside a model. */
final class ManifestChecks {

  private ManifestChecks() {}

  /** The experts that it tells the history of are those of the model. */
  static void tellOfTheseExperts(CheckpointParts checkpoint, Consumer<Fault> faults) {
    Manifest manifest = checkpoint.manifest();
    checkpoint
        .decoder()
        .ifPresent(decoder -> {
          if (!manifest.growth().isEmpty()) {
            Growth last = manifest.growth().getLast();
            requireExperts(
                last.targetExperts(), last.parents().keySet(), decoder, checkpoint, faults);
          } else if (manifest.sparse() != null) {
            SparseUpcycling sparse = manifest.sparse();
            int experts = sparse.copies() * sparse.granularity();
            requireExperts(experts, sparse.layers(), decoder, checkpoint, faults);
          }
        });
  }

  private static void requireExperts(
      int experts,
      Collection<Integer> layers,
      DecoderSpec decoder,
      CheckpointParts checkpoint,
      Consumer<Fault> faults) {
    List<Integer> routing = decoder.mixtureLayers();
    if (!Set.copyOf(layers).equals(Set.copyOf(routing))) {
      report(
          checkpoint,
          "tells of experts in the layers %s, the model has them in %s"
              .formatted(new TreeSet<>(layers), routing),
          faults);
    }
    for (int layer : routing) {
      if (decoder.mixture(layer).experts() != experts) {
        report(
            checkpoint,
            "tells of %d experts, layer %d has %d"
                .formatted(experts, layer, decoder.mixture(layer).experts()),
            faults);
        return;
      }
    }
  }

  /** The files that it has checksums of are the model's. */
  static void nameTheseFiles(CheckpointParts checkpoint, Consumer<Fault> faults) {
    Set<String> named = checkpoint.manifest().sha256().keySet();
    Set<String> present = checkpoint.weights().files().keySet();
    if (named.isEmpty() || !checkpoint.weights().isComplete()) {
      return;
    }
    for (String name : named) {
      if (!present.contains(name)) {
        report(checkpoint, "has a checksum of " + name + ", which is no file of the model", faults);
      }
    }
    for (String name : present) {
      if (!named.contains(name)) {
        report(checkpoint, "has no checksum of " + name, faults);
      }
    }
  }

  private static void report(CheckpointParts checkpoint, String what, Consumer<Fault> faults) {
    faults.accept(
        new Fault(
            FaultKind.MANIFEST_DOES_NOT_FIT, checkpoint.path().resolve(Manifest.FILE_NAME), what));
  }
}
