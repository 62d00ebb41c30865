package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** A checkpoint rounded to BF16, as most are published, or with types of a test's choice. */
public final class HalfPrecision {

  private HalfPrecision() {}

  public static Path write(Path source, Path target) {
    return write(source, target, part -> part == Part.SELECTION_BIAS ? DType.F32 : DType.BF16);
  }

  /**
   * The same in other types; of one that is not computed with, zeros.
   *
   * @param source in fp32
   */
  public static Path write(Path source, Path target, Function<Part, DType> types) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(source)) {
      Files.createDirectory(target);
      List<TensorSpec> specs =
          checkpoint.tensors().stream().map(tensor -> spec(tensor, types)).toList();
      try (CheckpointWriter writer =
          CheckpointWriter.create(
              target, checkpoint.config().json(), specs, CheckpointWriter.DEFAULT_SHARD_BYTES)) {
        for (TensorSpec spec : specs) {
          float[] values = Floats.read(checkpoint.data(spec.name()), DType.F32);
          writer.write(
              spec.name(),
              Floats.supports(spec.dtype())
                  ? Floats.write(values, spec.dtype())
                  : MemorySegment.ofArray(new byte[Math.toIntExact(spec.bytes())]));
        }
        writer.finish(Manifest.EMPTY);
      }
      return target;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TensorSpec spec(ModelTensor tensor, Function<Part, DType> types) {
    return new TensorSpec(tensor.name(), types.apply(tensor.part()), tensor.shape());
  }
}
