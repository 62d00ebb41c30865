package io.cambium.checkpoint.testing;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Quantisation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** Small checkpoints with weights in fewer bits, for tests that look at bytes alone: all random. */
public final class QuantisedModels {

  private QuantisedModels() {}

  /** Writes what a config.json with a {@code quantization_config} describes. */
  public static Path write(Path directory, ObjectNode json) {
    try {
      Files.createDirectories(directory);
      Files.write(directory.resolve("config.json"), Json.bytes(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ModelConfig config = new ModelConfig(directory.resolve("config.json"), json);
    Family family = Families.of(config);
    Quantisation quantisation = family.quantisation(config);
    List<TensorSpec> specs =
        family.tensors(family.decoder(config), quantisation).stream()
            .map(tensor ->
                new TensorSpec(tensor.name(), dtype(tensor, quantisation), tensor.piece().whole()))
            .distinct()
            .toList();
    Path file = directory.resolve("model.safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      specs.forEach(spec -> writer.write(spec.name(), random(spec)));
      writer.requireComplete();
    }
    return directory;
  }

  private static DType dtype(ModelTensor tensor, Quantisation quantisation) {
    return quantisation.covers(tensor.part()) ? quantisation.dtype(tensor) : DType.F32;
  }

  /** Bytes without an exponent of ones: as numbers of any type they are finite. */
  private static MemorySegment random(TensorSpec spec) {
    CounterRandom random = CounterRandom.of(1, spec.name());
    byte[] bytes = new byte[Math.toIntExact(spec.bytes())];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (random.bits(i) & 0x3f);
    }
    return MemorySegment.ofArray(bytes);
  }
}
