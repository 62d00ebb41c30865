package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Sources to grow, and a look at what became of them. */
final class GrowthExamples {

  static final ReferenceRunner RUNNER = new ReferenceRunner();

  private GrowthExamples() {}

  static UpcycleResult grow(Path source, Path target, GrowthOptions options) {
    return Upcycler.grow(source, target, options, RUNNER, calibration(), Progress.NONE);
  }

  /** Enough tokens that every expert of a tiny model sees some. */
  static List<TokenIds> calibration() {
    CounterRandom random = CounterRandom.of(9, "calibration");
    List<TokenIds> batches = new ArrayList<>();
    for (int batch = 0; batch < 2; batch++) {
      long[] ids = new long[2 * 70];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = (long) (random.uniform(batch * 1000L + i) * 61);
      }
      batches.add(new TokenIds(2, 70, ids));
    }
    return batches;
  }

  /** Adds the state of a training run to a checkpoint. */
  static void addTrainingState(Path directory) throws IOException {
    Files.createDirectory(directory.resolve("training"));
    Files.writeString(
        directory.resolve(SourceCheckpoint.TRAINER), "{\"step\": 123, \"tokens\": 456}\n");
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      SequencedSet<TensorSpec> specs = new LinkedHashSet<>();
      for (ModelTensor tensor : checkpoint.tensors()) {
        if (tensor.part() != Part.SELECTION_BIAS) {
          List<Long> shape = tensor.piece().whole();
          specs.add(new TensorSpec(tensor.name() + ".exp_avg", DType.F32, shape));
          specs.add(new TensorSpec(tensor.name() + ".exp_avg_sq", DType.F32, shape));
        }
      }
      Path file = directory.resolve(SourceCheckpoint.OPTIMIZER);
      try (SafetensorsWriter writer =
          SafetensorsWriter.create(file, List.copyOf(specs), Map.of("a", "b"))) {
        for (TensorSpec spec : specs) {
          CounterRandom random = CounterRandom.of(4, spec.name());
          float[] values = new float[(int) spec.elements()];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.uniform(i) + 0.1f;
          }
          writer.write(spec.name(), Floats.write(values, DType.F32));
        }
      }
    }
  }

  /** All tensors of a directory's weights, by name. */
  static Map<String, float[]> weights(Path directory) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      Map<String, float[]> weights = new TreeMap<>();
      for (ModelTensor tensor : checkpoint.tensors()) {
        weights.put(
            tensor.name(),
            Floats.read(checkpoint.data(tensor.name()), checkpoint.spec(tensor.name()).dtype()));
      }
      return weights;
    }
  }

  static Map<String, float[]> moments(Path directory) {
    return tensors(directory.resolve(SourceCheckpoint.OPTIMIZER));
  }

  static Map<String, float[]> tensors(Path safetensors) {
    try (SafetensorsFile file = SafetensorsFile.open(safetensors)) {
      Map<String, float[]> tensors = new TreeMap<>();
      file.tensors()
          .forEach((name, entry) ->
              tensors.put(name, Floats.read(file.data(name), entry.spec().dtype())));
      return tensors;
    }
  }

  static float[] of(Map<String, float[]> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /** Every file of a directory, by relative path. */
  static Map<String, byte[]> files(Path directory) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(path).toString(), Files.readAllBytes(path));
      }
    }
    return files;
  }
}
