package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointDirectoryTest {

  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(strings = {Goldens.GLM4_MOE, Goldens.GLM4_MOE_V4})
  void opensWhatTransformersWrote(String golden) {
    try (CheckpointDirectory checkpoint =
        CheckpointDirectory.open(Goldens.unpack(golden, temporary))) {
      assertThat(checkpoint.decoder().mixtureLayers()).containsExactly(1, 2);
      assertThat(checkpoint.ignoredTensors()).isEmpty();
    }
  }
}
