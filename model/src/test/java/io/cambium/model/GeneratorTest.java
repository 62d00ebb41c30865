package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.testing.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
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
    try (GoldenModel model = GoldenModel.open(golden, folder);
        Team helped = Team.ofOneOnAllCores()) {
      long[] ids = Arrays.copyOf(model.ids(), LENGTH);
      float[] want = model.expected("logits");
      compare(model.decoder(), ids, want, 5);
      compare(Decoder.forInference(model.weights(), helped), ids, want, 5, 12);
    }
  }

  /** Where the rope changes with the length, all tokens run again with the new one. */
  @Test
  void generatesPastTheLengthAtWhichTheRopeChanges() throws IOException {
    Path path = Goldens.unpack("phi3_longrope_long", folder);
    Path config = path.resolve("config.json");
    String original = "\"original_max_position_embeddings\": ";
    Files.writeString(config, Files.readString(config).replace(original + 4, original + 12));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(1)) {
      Decoder decoder = Decoder.forInference(Weights.map(directory, DType.F32), team);
      int[] prompt = {5, 9, 33, 71, 8, 40, 12, 90};
      List<Integer> generated = new ArrayList<>();
      new Generator(decoder, Sampler.greedy()).generate(prompt, 16, 64, generated::add);
      // By transformers 5.23, generate(); with the short keys kept it goes on 78, 93, 39, 89.
      assertThat(generated)
          .containsExactly(57, 55, 27, 93, 40, 27, 93, 40, 27, 78, 93, 85, 93, 85, 93, 85);
      KeyValueCache cache = newCache(decoder);
      next(decoder, new long[12], cache);
      assertThatThrownBy(() -> next(decoder, new long[1], cache))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /**
   * Runs the first tokens in pieces, the rest one by one.
   *
   * @param ends where the pieces end
   */
  private static void compare(Decoder decoder, long[] ids, float[] want_SV, int... ends) {
    int vocabulary = decoder.spec().vocabSize();
    KeyValueCache cache = newCache(decoder);
    int from = 0;
    for (int piece = 0; from < ids.length; piece++) {
      int to = piece < ends.length ? ends[piece] : from + 1;
      long[] tokens = Arrays.copyOfRange(ids, from, to);
      float[] got_V = next(decoder, tokens, cache);
      float worst = 0;
      for (int v = 0; v < vocabulary; v++) {
        worst = Math.max(worst, Math.abs(got_V[v] - want_SV[(to - 1) * vocabulary + v]));
      }
      assertThat(worst).as("after token %d", to).isLessThan(1e-4f);
      from = to;
    }
  }

  private static KeyValueCache newCache(Decoder decoder) {
    return new KeyValueCache(decoder.spec().layers().size());
  }

  private static float[] next(Decoder decoder, long[] tokens, KeyValueCache cache) {
    float[][] logits_V = new float[1][];
    decoder
        .team()
        .run(member ->
            logits_V[0] = decoder.next(member, Torch.tensor(tokens, 1, tokens.length), cache));
    return logits_V[0];
  }
}
