package io.cambium.checkpoint.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TinyModelsTest {

  @TempDir Path temporary;

  @Test
  void writesTheSizesAskedFor() {
    TinyModels model =
        TinyModels.glm4Moe()
            .vocab(17)
            .hidden(10)
            .layers(2, 0)
            .heads(3, 1, 6)
            .experts(7)
            .topK(3)
            .expertSize(5)
            .denseSize(11)
            .sharedExperts(2)
            .attentionBias(false)
            .headNorm(false)
            .tied();
    try (CheckpointDirectory checkpoint =
        CheckpointDirectory.open(model.write(temporary.resolve("model")))) {
      assertThat(checkpoint.decoder()).isEqualTo(model.spec());
      assertThat(checkpoint.files()).hasSize(1);
    }
  }

  @Test
  void shardsHoldTheSameTensorsAsOneFile() {
    Path one = TinyModels.glm4Moe().write(temporary.resolve("one"));
    Path many = TinyModels.glm4Moe().sharded(20_000).write(temporary.resolve("many"));
    try (CheckpointDirectory single = CheckpointDirectory.open(one);
        CheckpointDirectory sharded = CheckpointDirectory.open(many)) {
      assertThat(sharded.files().size()).isGreaterThan(2);
      assertThat(sharded.tensors()).isEqualTo(single.tensors());
      single
          .tensors()
          .forEach(tensor ->
              assertThat(sharded.data(tensor.name()).mismatch(single.data(tensor.name())))
                  .as(tensor.name())
                  .isEqualTo(-1));
    }
  }
}
