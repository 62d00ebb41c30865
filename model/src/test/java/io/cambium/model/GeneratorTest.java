package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.testing.Goldens;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** With a cache the decoder computes what it, and transformers, compute on the whole sequence. */
class GeneratorTest {

  private static final int LENGTH = 24;

  @TempDir Path folder;

  static List<String> goldens() {
    return Goldens.ALL;
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void theCacheChangesNothing(String golden) {
    Path path = Goldens.unpack(golden, folder);
    try (SafetensorsFile expected = SafetensorsFile.open(path.resolve(Goldens.EXPECTED));
        CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team alone = new Team(1);
        Team helped = Team.ofOneOnAllCores()) {
      Weights weights = Weights.map(directory, DType.F32);
      long[] ids =
          Arrays.copyOf(
              expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED), LENGTH);
      float[] want = expected.data("logits").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      compare(Decoder.forInference(weights, alone), ids, want, 5);
      compare(Decoder.forInference(weights, helped), ids, want, 5, 12);
    }
  }

  /**
   * Runs the first tokens in pieces, the rest one by one.
   *
   * @param ends where the pieces end
   */
  private static void compare(Decoder decoder, long[] ids, float[] want_SV, int... ends) {
    int vocabulary = decoder.spec().vocabSize();
    KeyValueCache cache = new KeyValueCache(decoder.spec().layers().size());
    int from = 0;
    for (int piece = 0; from < ids.length; piece++) {
      int to = piece < ends.length ? ends[piece] : from + 1;
      long[] tokens = Arrays.copyOfRange(ids, from, to);
      float[][] got_V = new float[1][];
      decoder
          .team()
          .run(member ->
              got_V[0] = decoder.next(member, Torch.tensor(tokens, 1, tokens.length), cache));
      float worst = 0;
      for (int v = 0; v < vocabulary; v++) {
        worst = Math.max(worst, Math.abs(got_V[0][v] - want_SV[(to - 1) * vocabulary + v]));
      }
      assertThat(worst).as("after token %d", to).isLessThan(1e-4f);
      from = to;
    }
  }
}
