package io.cambium.upcycle.dense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.DenseExamples;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.HalfPrecision;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a dense model's types allow: which promise, and whether it can be computed with at all. */
class DenseTypesTest {

  @TempDir Path folder;

  /** Norms that count from one go into the weights, and a factor of sqrt(hidden_size). */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "48 | F32 | F32 | exact: the logits equal the source's",
        "64 | F32 | BF16 | exact: the logits equal the source's",
        "48 | F32 | BF16 | not exact: model.embed_tokens.weight times 6.92820",
        "64 | BF16 | F32 | not exact: model.layers.0.input_layernorm.weight plus 1 is rounded to",
        "64 | F16 | F16 | not exact: model.layers.0.input_layernorm.weight plus 1 is rounded to F16"
      })
  void whatGoesIntoTheWeightsIsRoundedToTheirTypes(
      int hidden, DType norms, DType embedding, String promise) throws IOException {
    Path full = Files.createDirectory(folder.resolve("full"));
    FreshModel.write(full, Goldens.config("gemma").put("hidden_size", hidden), 1);
    Path source = typed(full, part -> part.isNorm() ? norms : embedding);
    assertThat(promise(1, "copy", source)).startsWith(promise);
  }

  @ParameterizedTest
  @CsvSource({"3, BF16, not exact", "4, BF16, exact", "3, F32, exact"})
  void shardsAreTimesTheGranularity(int granularity, DType type, String promise)
      throws IOException {
    Path source = typed(DenseExamples.llama(folder.resolve("full"), 1, 24, 12), _ -> type);
    assertThat(promise(granularity, "copy", source)).startsWith(promise);
    assertThat(promise(granularity, "permute", source)).startsWith(promise);
  }

  @Test
  void whatCannotBeComputedWithIsRefusedBeforeAnythingIsWritten() throws IOException {
    Path full = DenseExamples.llama(folder.resolve("full"), 1, 24, 12);
    Path doubles = typed(full, _ -> DType.F64);
    refused("copy", doubles)
        .hasMessageContaining("block_sparse_moe.gate.weight\" is F64, which is");
    Path up = typed(full, part -> part == Part.DENSE_UP ? DType.F64 : DType.F32);
    assertThat(promise(1, "copy", up)).startsWith("exact");
    refused("drop", up).hasMessageContaining("mlp.up_proj.weight\" is F64, which is not computed");
    // Copies of several models are compared.
    refused("copy", up, full).hasMessageContaining("does not go with");
    Path same = typed(full, part -> part == Part.DENSE_UP ? DType.F64 : DType.F32);
    refused("copy", up, same).hasMessageContaining("mlp.up_proj.weight\" is F64");
  }

  private Path typed(Path full, Function<Part, DType> types) throws IOException {
    Path unique = Files.createTempDirectory(folder, "typed");
    return HalfPrecision.write(full, unique.resolve("source"), types);
  }

  private static AbstractThrowableAssert<?, ?> refused(String init, Path... sources) {
    return assertThatThrownBy(() -> promise(1, init, sources)).isInstanceOf(UsageException.class);
  }

  /** In words. */
  private static String promise(int granularity, String init, Path... sources) {
    List<SourceCheckpoint> opened = new ArrayList<>();
    try {
      for (Path source : sources) {
        opened.add(SourceCheckpoint.open(CheckpointSource.of(source), opened.size()));
      }
      OptionalInt base = sources.length == 1 ? OptionalInt.empty() : OptionalInt.of(0);
      return DensePlanner.of(opened, base, DenseExamples.options(4, granularity, init))
          .plan(Path.of("target"), Directions.NONE)
          .stepZero()
          .toString();
    } finally {
      opened.forEach(SourceCheckpoint::close);
    }
  }
}
