package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class FreshModelTest {

  private static final Family GLM4_MOE = Families.named("glm4_moe");

  @TempDir Path temporary;

  @Test
  void drawsMatricesAndSetsNormsAndBiases() throws IOException {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(write("model", 3, 1))) {
      for (ModelTensor tensor : checkpoint.tensors()) {
        double[] values = floats(checkpoint.data(tensor.name()));
        if (tensor.part().isNormOrBias()) {
          double neutral = tensor.part().isNorm() ? 1 : 0;
          assertThat(values).as(tensor.name()).containsOnly(neutral);
        } else {
          double variance = DoubleStream.of(values).map(x -> x * x).average().orElseThrow();
          assertThat(Math.sqrt(variance))
              .as(tensor.name())
              .isCloseTo(0.02, within(0.1 * 0.02 * Math.sqrt(1000.0 / values.length)));
        }
      }
    }
  }

  @Test
  void sameSeedSameBytesWhateverElseTheModelHolds() throws IOException {
    Path one = write("one", 3, 1);
    assertThat(one.resolve("model.safetensors"))
        .hasSameBinaryContentAs(write("same", 3, 1).resolve("model.safetensors"));
    try (CheckpointDirectory small = CheckpointDirectory.open(one);
        CheckpointDirectory deeper = CheckpointDirectory.open(write("deeper", 4, 1));
        CheckpointDirectory other = CheckpointDirectory.open(write("other", 3, 2))) {
      String name = "model.layers.2.mlp.experts.4.up_proj.weight";
      assertThat(deeper.data(name).mismatch(small.data(name))).isEqualTo(-1);
      assertThat(other.data(name).mismatch(small.data(name))).isNotEqualTo(-1);
    }
  }

  private Path write(String name, int layers, long seed) throws IOException {
    ObjectNode config = GLM4_MOE.newConfig(TinyModels.glm4Moe().layers(layers, 1).spec(), 64);
    Path directory = Files.createDirectory(temporary.resolve(name));
    FreshModel.write(directory, config, seed);
    return directory;
  }

  private static double[] floats(MemorySegment data) {
    return LongStream.range(0, data.byteSize() / Float.BYTES)
        .mapToDouble(i -> data.getAtIndex(LittleEndian.FLOAT, i))
        .toArray();
  }
}
