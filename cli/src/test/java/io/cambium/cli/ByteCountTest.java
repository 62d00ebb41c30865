package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteCountTest {

  @Test
  void writesAndReadsAmounts() {
    assertThat(ByteCount.text(999)).isEqualTo("999 bytes");
    assertThat(ByteCount.text(1_254_000_000)).isEqualTo("1.25 GB");
    assertThat(ByteCount.parse("--memory", "1.5GB")).isEqualTo(1_500_000_000);
    assertThat(ByteCount.parse("--memory", "800 MB")).isEqualTo(800_000_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"12", "GB", "1.2.3GB", "-1GB", "4 GiB"})
  void refusesWhatIsNoAmount(String text) {
    assertThatThrownBy(() -> ByteCount.parse("--memory", text))
        .hasMessageContaining("--memory: is \"" + text + "\"\n  -> write an amount such as 12GB");
  }
}
