package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptimizerFilesTest {

  @TempDir private Path checkpoint;

  @BeforeEach
  void makeFolder() throws IOException {
    Files.createDirectory(checkpoint.resolve(OptimizerFiles.FOLDER));
  }

  private void write(String name, String tensor, float value) {
    TensorSpec spec = new TensorSpec(tensor, DType.F32, List.of(1L));
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(checkpoint.resolve(name), List.of(spec), Map.of())) {
      writer.write(tensor, MemorySegment.ofArray(new float[] {value}));
    }
  }

  private static float value(OptimizerFiles files, String tensor) {
    return files.data(tensor).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
  }

  @Test
  void oneFile() {
    assertThat(OptimizerFiles.areIn(checkpoint)).isFalse();
    assertThatThrownBy(() -> OptimizerFiles.open(checkpoint))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("optimizer.safetensors");
    write("training/optimizer.safetensors", "a", 3);
    assertThat(OptimizerFiles.areIn(checkpoint)).isTrue();
    try (OptimizerFiles files = OptimizerFiles.open(checkpoint)) {
      assertThat(value(files, "a")).isEqualTo(3);
      assertThatThrownBy(() -> files.data("b"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("training/optimizer.safetensors: has no tensor \"b\"");
    }
  }

  @Test
  void severalFilesAreOne() {
    write(OptimizerFiles.name(0, 2), "a", 3);
    write("training/optimizer-00002-of-00002.safetensors", "b", 4);
    assertThat(OptimizerFiles.areIn(checkpoint)).isTrue();
    try (OptimizerFiles files = OptimizerFiles.open(checkpoint)) {
      assertThat(files.tensors().keySet()).containsExactly("a", "b");
      assertThat(value(files, "a")).isEqualTo(3);
      assertThat(value(files, "b")).isEqualTo(4);
      assertThat(files.path()).isEqualTo(checkpoint.resolve("training"));
    }
  }

  @Test
  void noneMayBeMissingAndNoneHoldWhatAnotherHas() {
    write(OptimizerFiles.name(1, 2), "b", 4);
    assertThatThrownBy(() -> OptimizerFiles.open(checkpoint))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("optimizer-00001-of-00002.safetensors");
    write(OptimizerFiles.name(0, 2), "b", 3);
    assertThatThrownBy(() -> OptimizerFiles.open(checkpoint))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("has two files that hold \"b\"");
  }
}
