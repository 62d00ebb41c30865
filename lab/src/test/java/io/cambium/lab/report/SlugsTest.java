package io.cambium.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SlugsTest {

  @Test
  void differWhereNamesDo() {
    List<String> names = List.of("a.b", "a-b", "A b", "a-b-2", "8 -> 32", "\u65e5\u672c", "!");
    Slugs slugs = new Slugs(names);
    assertThat(names.stream().map(slugs::of))
        .containsExactly("a-b", "a-b-2", "a-b-3", "a-b-2-2", "8-32", "unnamed", "unnamed-2");
  }
}
