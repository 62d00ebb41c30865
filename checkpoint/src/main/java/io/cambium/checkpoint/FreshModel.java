package io.cambium.checkpoint;

import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/** Writes a model nobody has trained: random weights, fp32. */
public final class FreshModel {

  private static final double STANDARD_DEVIATION_DEFAULT = 0.02;
  private static final int CHUNK_ELEMENTS = 1 << 18;

  private FreshModel() {}

  /** The distribution that a tensor's elements are drawn from. */
  public record Normal(double mean, double standardDeviation) {}

  /**
   * Writes config, weights and manifest: matrices normal with the config's {@code
   * initializer_range}, norms 1, biases 0.
   *
   * @param directory an existing directory without a checkpoint, such as a {@link
   *     StagedDirectory}'s
   * @param config of a known family, such as {@link Family#newConfig} makes
   * @param seed same seed, same bytes
   */
  public static void write(Path directory, ObjectNode config, long seed) {
    double deviation =
        new ModelConfig(directory.resolve(CheckpointDirectory.CONFIG), config)
            .doubleOr("initializer_range", STANDARD_DEVIATION_DEFAULT);
    write(
        directory,
        config,
        seed,
        CheckpointWriter.DEFAULT_SHARD_BYTES,
        tensor -> initial(tensor, deviation));
  }

  /** Writes config, weights and manifest, with a distribution of the caller's for each tensor. */
  public static void write(
      Path directory,
      ObjectNode config,
      long seed,
      long shardBytes,
      Function<ModelTensor, Normal> distributions) {
    ModelConfig parsed = new ModelConfig(directory.resolve(CheckpointDirectory.CONFIG), config);
    Family family = Families.of(parsed);
    List<ModelTensor> tensors = family.tensors(family.decoder(parsed));
    if (!tensors.stream().allMatch(ModelTensor::isWhole)) {
      throw new UsageException(
          null, "Cambium starts no new models of family " + family.modelType(), null);
    }
    List<TensorSpec> specs =
        tensors.stream().map(t -> new TensorSpec(t.name(), DType.F32, t.shape())).toList();
    try (CheckpointWriter writer = CheckpointWriter.create(directory, config, specs, shardBytes)) {
      // Any order gives the same bytes: each tensor is a stream of its own.
      tensors.parallelStream().forEach(t -> fill(writer, t, distributions.apply(t), seed));
      writer.finish(Manifest.EMPTY);
    }
  }

  private static Normal initial(ModelTensor tensor, double deviation) {
    if (!tensor.part().isNormOrBias()) {
      return new Normal(0, deviation);
    }
    return new Normal(tensor.part().isNorm() ? 1 : 0, 0);
  }

  private static void fill(CheckpointWriter writer, ModelTensor tensor, Normal normal, long seed) {
    CounterRandom random = CounterRandom.of(seed, tensor.name());
    NormalDraws draws = new NormalDraws();
    long elements = tensor.elements();
    for (long start = 0; start < elements; start += CHUNK_ELEMENTS) {
      int count = Math.toIntExact(Math.min(CHUNK_ELEMENTS, elements - start));
      float[] normals = new float[count];
      draws.draw(random, start, normals, count);
      MemorySegment chunk = MemorySegment.ofArray(new byte[count * Float.BYTES]);
      for (int i = 0; i < count; i++) {
        double value = normal.mean() + normal.standardDeviation() * normals[i];
        chunk.setAtIndex(LittleEndian.FLOAT, i, (float) value);
      }
      writer.write(tensor.name(), start * Float.BYTES, chunk);
    }
  }
}
