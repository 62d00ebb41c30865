package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights that are converted where they are used compute what converted ones do, to the bit. */
class StoredWeightsTest {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama_llama3rope_tied", "mixtral", "gpt_oss", "deepseek_v3", "phi3"})
  void aHalfPrecisionModelGivesTheSameLogits(String golden) throws IOException {
    Path half = Files.createDirectory(folder.resolve("half"));
    writeInHalfPrecision(Goldens.unpack(golden, folder), half);
    TokenIds ids = new TokenIds(2, 5, new long[] {3, 1, 4, 1, 5, 9, 2, 6, 5, 3});
    try (InferenceModel model = InferenceModel.open(half, OptionalInt.empty())) {
      assertThat(new TorchRunner().logits(half, ids, OptionalInt.empty(), DType.F32))
          .containsExactly(TorchRunner.logits(model.decoder(), ids));
    }
  }

  private static void writeInHalfPrecision(Path golden, Path target) {
    try (CheckpointDirectory from = CheckpointDirectory.open(golden)) {
      List<TensorSpec> specs =
          from.files().values().stream()
              .flatMap(file -> file.tensors().values().stream())
              .map(entry -> new TensorSpec(entry.spec().name(), DType.BF16, entry.spec().shape()))
              .toList();
      try (CheckpointWriter writer =
          CheckpointWriter.create(target, from.config().json(), specs, Long.MAX_VALUE)) {
        for (TensorSpec spec : specs) {
          float[] values = Floats.read(from.data(spec.name()), from.spec(spec.name()).dtype());
          writer.write(spec.name(), Floats.write(values, DType.BF16));
        }
        writer.finish(Manifest.EMPTY);
      }
    }
  }
}
