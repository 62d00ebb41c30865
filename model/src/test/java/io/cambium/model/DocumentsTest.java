package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents that share a sequence are computed as if each stood alone: plain, latent, sinks. */
class DocumentsTest {

  private static final long END = 7;
  private static final long[] SEQUENCE = {3, 5, END, 11, 2, 9, 4, END, END, 13, 1};
  private static final int[] STARTS = {0, 3, 8, 9, SEQUENCE.length};

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"mixtral", "deepseek_v3", "gpt_oss", "qwen2_moe_windows"})
  void areComputedAsIfAlone(String golden) {
    Path path = Goldens.unpack(golden, folder);
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(1)) {
      Weights weights = Weights.load(directory, DType.F64);
      Decoder apart = Decoder.forInference(weights, team);
      apart.separateDocuments(END);
      double[] packed = logits(apart, SEQUENCE);
      Decoder alone = Decoder.forInference(weights, team);
      int vocabulary = packed.length / SEQUENCE.length;
      for (int d = 0; d + 1 < STARTS.length; d++) {
        double[] document = logits(alone, Arrays.copyOfRange(SEQUENCE, STARTS[d], STARTS[d + 1]));
        double[] part =
            Arrays.copyOfRange(packed, STARTS[d] * vocabulary, STARTS[d + 1] * vocabulary);
        // Angles are fp32, and other ones further back.
        assertThat(part).containsExactly(document, Offset.offset(2e-6));
      }
      double[] mixed = logits(alone, SEQUENCE);
      assertThat(Math.abs(mixed[mixed.length - 1] - packed[mixed.length - 1])).isGreaterThan(1e-4);
    }
  }

  private static double[] logits(Decoder decoder, long[] ids) {
    double[][] logits = new double[1][];
    decoder
        .team()
        .run(member ->
            logits[0] =
                Torch.doubles(
                    decoder
                        .logits(member, Torch.tensor(ids, 1, ids.length))
                        .to(ScalarType.Double)));
    return logits[0];
  }
}
