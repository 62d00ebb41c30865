package io.cambium.lab.figure;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.lab.figure.Figure.Node;
import io.cambium.lab.figure.Figure.Tree;
import java.util.List;
import org.junit.jupiter.api.Test;

class FigureCsvTest {

  /** Expert 1 of the first growth is no ancestor of what descends from expert 1 of the source. */
  @Test
  void aTreeOfTwoGrowthsTellsWhichOneAParentIsOf() {
    Node last = new Node("expert 1", "", List.of());
    Node middle = new Node("expert 1", "", List.of(last));
    Tree tree = new Tree("t", "T", List.of(new Node("source 0", "", List.of(middle))));
    assertThat(FigureCsv.of(tree).lines())
        .containsExactly(
            "level,parent,child,note",
            "0,,source 0,",
            "1,source 0,expert 1,",
            "2,expert 1,expert 1,");
  }

  @Test
  void whatHoldsACommaOrAQuoteIsQuoted() {
    assertThat(new Csv().row(List.of("a,b", "say \"so\"", "plain")).text())
        .isEqualTo("\"a,b\",\"say \"\"so\"\"\",plain\r\n");
  }
}
