package io.cambium.upcycle.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HoldBackTest {

  private static final Path PLACE = Path.of("source");

  @ParameterizedTest
  @CsvSource({"0, 1.125", "0.05, 1.125", "0.0625, 1.125", "0.07, 1.25", "10, 11.125"})
  void liesAboveTheSpreadOfScoresAndBiases(double spread, double expected) {
    assertThat(HoldBack.above(Score.SIGMOID, spread)).isEqualTo(expected);
  }

  @Test
  void measuresTheSpread() {
    assertThat(HoldBack.spread(new float[] {0.5f}, PLACE)).isZero();
    assertThat(HoldBack.spread(new float[] {0.5f, -1, 0.25f}, PLACE)).isEqualTo(1.5);
    assertThatThrownBy(() -> HoldBack.spread(new float[] {1, Float.NaN, 2}, PLACE))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("not finite");
  }
}
