package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Activations that are computed again change nothing but the memory that they need. */
class RecomputationTest {

  @TempDir private Path folder;

  /** One sequence leaves one of the two workers idle. */
  @ParameterizedTest
  @CsvSource({
    "llama, 3",
    "olmo2, 3",
    "gemma, 1",
    "glm4_moe, 3",
    "mixtral, 1",
    "deepseek_v3, 3",
    "flex_olmo, 3",
    "llama4_text, 2",
    "gpt_oss, 3",
  })
  void theGradientsAreTheSame(String golden, int sequences) {
    Path path = Goldens.unpack(golden, folder);
    requireSame(path, sequences, tensor -> true);
    requireSame(path, sequences, tensor -> tensor.part().name().contains("NORM"));
    requireSame(path, sequences, tensor -> tensor.layer() == 1);
  }

  private static void requireSame(Path path, int sequences, Predicate<ModelTensor> trained) {
    RandomText text = new RandomText(5, sequences, 7, 61);
    Map<ModelTensor, double[]> kept = Gradients.of(path, text, trained, decoder -> {});
    Map<ModelTensor, double[]> again = Gradients.of(path, text, trained, Decoder::recompute);
    assertThat(again.keySet()).isNotEmpty().isEqualTo(kept.keySet());
    again.forEach((tensor, gradient) ->
        assertThat(gradient).as(tensor.toString()).containsExactly(kept.get(tensor)));
  }

  @Test
  void needsLessMemory() {
    try (CheckpointDirectory directory =
        CheckpointDirectory.open(Goldens.unpack("glm4_moe", folder))) {
      long kept = new PassMemory(directory.decoder(), 64, false, false).forward(4);
      long again = new PassMemory(directory.decoder(), 64, false, true).forward(4);
      assertThat(again).isLessThan(kept);
    }
  }
}
