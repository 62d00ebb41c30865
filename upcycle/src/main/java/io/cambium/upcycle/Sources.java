package io.cambium.upcycle;

import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;

/** The data behind the names in a plan. */
record Sources(GrowthSource checkpoint, Optional<SafetensorsFile> directions)
    implements AutoCloseable {

  MemorySegment data(SourceTensor tensor) {
    return switch (tensor.origin()) {
      case WEIGHTS -> checkpoint.weights().data(tensor.name());
      case OPTIMIZER -> checkpoint.optimizer().orElseThrow().data(tensor.name());
      case DIRECTIONS -> directions.orElseThrow().data(tensor.name());
    };
  }

  TensorSpec spec(SourceTensor tensor) {
    return switch (tensor.origin()) {
      case WEIGHTS -> checkpoint.weights().spec(tensor.name());
      case OPTIMIZER -> spec(checkpoint.optimizer().orElseThrow(), tensor);
      case DIRECTIONS -> spec(directions.orElseThrow(), tensor);
    };
  }

  float[] floats(SourceTensor tensor) {
    return Floats.read(data(tensor), spec(tensor).dtype());
  }

  private static TensorSpec spec(SafetensorsFile file, SourceTensor tensor) {
    return Objects.requireNonNull(file.tensors().get(tensor.name())).spec();
  }

  /** Closes what this record opened: the directions, not the checkpoint. */
  @Override
  public void close() {
    directions.ifPresent(SafetensorsFile::close);
  }
}
