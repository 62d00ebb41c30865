package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.model.RouterLosses.Form;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Experts by token id. */
class HashRoutingTest {

  private static final int VOCABULARY = 4096;
  private static final SelectionRule.Hash RULE = new SelectionRule.Hash(11);

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"1,1", "5,1", "5,5", "7,3", "8,2", "64,6"})
  void choosesDistinctExpertsEvenlyOverTheVocabulary(int experts, int topK) {
    int[] choice = RULE.choose(LongStream.range(0, VOCABULARY).toArray(), 3, experts, topK);
    long[] load_E = new long[experts];
    for (int id = 0; id < VOCABULARY; id++) {
      int[] chosen_K = Arrays.copyOfRange(choice, id * topK, (id + 1) * topK);
      assertThat(Arrays.stream(chosen_K).distinct().count()).isEqualTo(topK);
      Arrays.stream(chosen_K).forEach(e -> load_E[e]++);
    }
    double share = (double) topK / experts;
    double deviation = Math.sqrt(VOCABULARY * share * (1 - share));
    for (long load : load_E) {
      assertThat((double) load).isCloseTo(VOCABULARY * share, Offset.offset(4 * deviation));
    }
  }

  /**
   * A checkpoint's experts are those of its tokens for good: another function is another format.
   */
  @Test
  void choosesTheSameForEver() {
    assertThat(RULE.choose(new long[] {0, 1, 4095}, 3, 8, 2)).containsExactly(3, 2, 6, 4, 4, 7);
  }

  /** Pairs too: experts are independent but for being distinct. */
  @Test
  void choosesEveryPairAlike() {
    int[] choice = RULE.choose(LongStream.range(0, VOCABULARY).toArray(), 0, 4, 2);
    long[][] pairs = new long[4][4];
    for (int id = 0; id < VOCABULARY; id++) {
      pairs[Math.min(choice[2 * id], choice[2 * id + 1])][
          Math.max(choice[2 * id], choice[2 * id + 1])]++;
    }
    double deviation = Math.sqrt(VOCABULARY * (1 / 6.0) * (5 / 6.0));
    for (int a = 0; a < 4; a++) {
      for (int b = a + 1; b < 4; b++) {
        assertThat((double) pairs[a][b]).isCloseTo(VOCABULARY / 6.0, Offset.offset(4 * deviation));
      }
    }
  }

  @Test
  void dependsOnIdLayerAndSeedAlone() {
    int[] choice = RULE.choose(new long[] {9, 2, 9, 40, 9}, 1, 16, 2);
    int[] nine = Arrays.copyOf(choice, 2);
    assertThat(Arrays.copyOfRange(choice, 4, 6)).isEqualTo(nine);
    assertThat(Arrays.copyOfRange(choice, 8, 10)).isEqualTo(nine);
    long[] ids = LongStream.range(0, VOCABULARY).toArray();
    int[] all = RULE.choose(ids, 1, 16, 2);
    assertThat(RULE.choose(ids, 2, 16, 2)).isNotEqualTo(all);
    assertThat(new SelectionRule.Hash(12).choose(ids, 1, 16, 2)).isNotEqualTo(all);
  }

  /** Two sequences whose common tokens stand elsewhere and among others. */
  @Test
  void aModelRoutesByIdWhateverTheContext() {
    Path path = TinyModels.glm4Moe().write(folder.resolve("model"));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(1)) {
      Decoder decoder = Decoder.forInference(Weights.map(directory, DType.F32), team);
      decoder.select(SelectionRule.of(Manifest.EMPTY.withSelection(Selection.hash(11))));
      int experts = decoder.experts();
      long[] ids = {9, 2, 9, 40, 2, 9, 9, 7};
      decoder.listen((worker, layer, x_TD, choice) ->
          assertThat(choice)
              .isEqualTo(RULE.choose(ids, layer, experts, choice.length / ids.length)));
      team.run(member -> decoder.logits(member, Torch.tensor(ids, 2, 4)));
    }
  }

  @Test
  void weighsEquallyWithTheSumOfNormalisedWeights() {
    Path path = TinyModels.glm4Moe().write(folder.resolve("model"));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path)) {
      var mixture = directory.decoder().mixture(1);
      Tensor x_TD = torch.ones(3, directory.decoder().hiddenSize());
      Tensor weight_ED = torch.ones(mixture.experts(), directory.decoder().hiddenSize());
      Tensor ids_BS = Torch.tensor(new long[] {4, 5, 6}, 1, 3);
      Router.Decision decision =
          new Router(mixture, null)
              .route(x_TD, weight_ED, null, RULE, new Router.Tokens(1, ids_BS));
      float weight = (float) (mixture.router().scale() / mixture.topK());
      for (float w : Torch.floats(decision.weights_TK())) {
        assertThat(w).isEqualTo(weight);
      }
    }
  }

  @Test
  void refusesLossesOnRoutersThatChooseNothing() {
    Path path = TinyModels.glm4Moe().write(folder.resolve("model"));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(1)) {
      Weights weights = Weights.load(directory, DType.F32);
      for (RouterLosses losses :
          List.of(
              new RouterLosses(0.1, Form.PER_LAYER, 0, 0, 0),
              new RouterLosses(0, Form.PER_LAYER, 0.1, 0, 0))) {
        Decoder first = Decoder.forTraining(weights, team);
        first.select(RULE);
        assertThatThrownBy(() -> first.lose(losses)).isInstanceOf(UsageException.class);
        Decoder second = Decoder.forTraining(weights, team);
        second.lose(losses);
        assertThatThrownBy(() -> second.select(RULE)).isInstanceOf(UsageException.class);
      }
    }
  }
}
