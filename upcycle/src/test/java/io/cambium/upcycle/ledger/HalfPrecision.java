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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A checkpoint rounded to BF16, as most are published. */
public final class HalfPrecision {

  private HalfPrecision() {}

  public static Path write(Path source, Path target) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(source)) {
      Files.createDirectory(target);
      List<TensorSpec> specs = checkpoint.tensors().stream().map(HalfPrecision::spec).toList();
      try (CheckpointWriter writer =
          CheckpointWriter.create(
              target, checkpoint.config().json(), specs, CheckpointWriter.DEFAULT_SHARD_BYTES)) {
        for (TensorSpec spec : specs) {
          float[] values = Floats.read(checkpoint.data(spec.name()), DType.F32);
          writer.write(spec.name(), Floats.write(values, spec.dtype()));
        }
        writer.finish(Manifest.EMPTY);
      }
      return target;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TensorSpec spec(ModelTensor tensor) {
    DType dtype = tensor.part() == Part.SELECTION_BIAS ? DType.F32 : DType.BF16;
    return new TensorSpec(tensor.name(), dtype, tensor.shape());
  }
}
