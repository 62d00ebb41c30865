package io.cambium.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.training.metrics.Metric;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Theorem A.1 with numbers that fit on a sheet of paper. */
class RegretBoundsTest {

  @TempDir private Path folder;

  private static Metric.Train step(long step, double learningRate) {
    return new Metric.Train(
        step, step * 10, 3, learningRate, 1, 100, step, List.of(), List.of(), List.of());
  }

  @Test
  void theTwoTermsByHand() {
    List<Metric.Train> steps = List.of(step(1, 0.1), step(2, 0.2), step(3, 0.4), step(4, 0.3));
    RegretBounds.Terms terms = RegretBounds.Terms.of(steps, 2, 2.0 - 1.5, 3, 7);
    assertThat(terms.rateSum()).isCloseTo(1.0, within(1e-15));
    assertThat(terms.rateShare()).as("steps 1 and 2").isCloseTo(0.3, within(1e-15));
    assertThat(terms.capacity()).as("0.3 * 0.5").isCloseTo(0.15, within(1e-15));
    assertThat(terms.initialisation()).as("(3 - 7) / (2 * 1)").isCloseTo(-2, within(1e-15));
  }

  @Test
  void resultsSayWhatTheTermsAre() {
    JsonNode json =
        Json.MAPPER.valueToTree(RegretBounds.Terms.of(List.of(step(1, 1), step(2, 1)), 1, 1, 0, 0));
    assertThat(json.get("meaning").asString())
        .contains("difference of bounds on regret")
        .contains("not of losses")
        .contains("Upper bounds")
        .contains("the last weights of fixed mE");
  }

  @Test
  void distanceIsOverAllWeightsButTheSelectionBias() throws IOException {
    Path one = TinyModels.glm4Moe().write(folder.resolve("one"));
    Path other = TinyModels.glm4Moe().write(folder.resolve("other"));
    assertThat(WeightDistance.squared(one, other)).isZero();
    String expert = "model.layers.1.mlp.experts.2.up_proj.weight";
    String bias = "model.layers.1.mlp.gate.e_score_correction_bias";
    set(one, "model.norm.weight", 1);
    set(other, "model.norm.weight", 4);
    set(one, expert, -1);
    set(other, expert, 3);
    set(one, bias, 0);
    set(other, bias, 100);
    assertThat(WeightDistance.squared(one, other)).as("3 squared + 4 squared").isEqualTo(25);
    assertThat(WeightDistance.squared(other, one)).isEqualTo(25);
  }

  @Test
  void modelsOfOtherShapesAreNotCompared() {
    Path small = TinyModels.glm4Moe().write(folder.resolve("small"));
    Path wide = TinyModels.glm4Moe().expertSize(8).write(folder.resolve("narrow"));
    Path large = TinyModels.glm4Moe().experts(6).write(folder.resolve("large"));
    assertThatThrownBy(() -> WeightDistance.squared(small, wide))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("has other tensors than");
    assertThatThrownBy(() -> WeightDistance.squared(small, large))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("has other tensors than");
  }

  /** The first element of an fp32 tensor. */
  private static void set(Path checkpoint, String tensor, float value) throws IOException {
    Path path = checkpoint.resolve(CheckpointDirectory.SINGLE_FILE);
    TensorEntry entry;
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      entry = Objects.requireNonNull(file.tensors().get(tensor), tensor);
    }
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      long header = Long.reverseBytes(file.readLong());
      file.seek(Long.BYTES + header + entry.begin());
      file.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(value)));
    }
  }
}
