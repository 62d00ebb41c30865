package io.cambium.upcycle.dense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.DenseExamples;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DenseFormulasTest {

  @TempDir Path folder;

  /** A norm of zeros, or sinks of zeros, would be another model. */
  @Test
  void onlyBiasesMayBeMadeOfNothing() throws IOException {
    Path llama = DenseExamples.llama(folder.resolve("source"), 1, 24, 12);
    DenseOptions options = DenseExamples.options(3, 1, "copy");
    try (SourceCheckpoint source = SourceCheckpoint.open(CheckpointSource.of(llama), 0)) {
      DenseFormulas formulas =
          new DenseFormulas(
              new DenseParents(List.of(source), OptionalInt.empty()),
              DenseHome.choose(source, options),
              options);
      assertThat(formulas.entry(tensor(Part.QUERY_BIAS)).formula()).isEqualTo(new Formula.Zeros());
      for (Part part : List.of(Part.QUERY_NORM, Part.SINKS)) {
        assertThatThrownBy(() -> formulas.entry(tensor(part)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("nothing that a.tensor could be");
      }
    }
  }

  private static ModelTensor tensor(Part part) {
    List<Long> shape = List.of(24L);
    ModelTensor.Piece whole = ModelTensor.Piece.whole(shape);
    return new ModelTensor(part, 0, ModelTensor.NONE, "a.tensor", shape, whole);
  }
}
