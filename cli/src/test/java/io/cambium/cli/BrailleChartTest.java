package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class BrailleChartTest {

  @Test
  void aRiseGoesFromTheLowerLeftToTheUpperRight() {
    BrailleChart chart = new BrailleChart(2, 1, 0, 3, 0, 3);
    chart.draw(List.of(0L, 3L), List.of(0.0, 3.0));
    assertThat(chart.lines()).containsExactly("\u2860\u280a"); // dots 7, 6; 2, 4
  }

  @Test
  void whatIsOffTheChartRunsAlongItsEdge() {
    BrailleChart chart = new BrailleChart(2, 2, 0, 3, 0, 1);
    chart.draw(List.of(0L, 1L, 2L, 3L), List.of(9.0, 9.0, -9.0, -9.0));
    assertThat(chart.lines().getFirst()).startsWith("\u28b9").doesNotContain("\u2801");
    assertThat(chart.lines()).hasSize(2);
  }

  @Test
  void aFlatCurveLiesInTheMiddle() {
    BrailleChart chart = new BrailleChart(3, 1, 1, 2, 5, 5);
    chart.draw(List.of(1L, 2L), List.of(5.0, 5.0));
    assertThat(chart.lines()).containsExactly("\u2812\u2812\u2812");
  }
}
