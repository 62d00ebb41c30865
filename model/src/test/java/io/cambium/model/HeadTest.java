package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Part;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss in chunks against libtorch's over all logits at once. */
class HeadTest {

  private static final int HIDDEN = 6;

  /** One chunk, several with a rest, a vocabulary for which a chunk is as short as it gets. */
  @ParameterizedTest
  @CsvSource({
    "1,7,false",
    "130,20000,false",
    "130,20000,true",
    "65,49152,true",
    "200,150001,false"
  })
  void chunksAddUp(int tokens, int vocabulary, boolean tied) {
    Torch.start();
    DecoderSpec spec =
        DecoderSpec.plain(
            vocabulary,
            HIDDEN,
            1e-5,
            tied,
            GroupedQuery.plain(1, 1, HIDDEN, false, HeadNorm.NONE, new Rope(10_000, HIDDEN)),
            List.of(new Dense(4)));
    Weights weights = Weights.random(spec, Families.named("llama").tensors(spec), 0.5);
    Parameters parameters = Parameters.leaves(weights, tensor -> true);
    Tensor hidden_TD = torch.randn(tokens, HIDDEN).set_requires_grad(true);
    long[] targets = new SplittableRandom(tokens).longs(tokens, 0, vocabulary).toArray();
    Tensor targets_T = Torch.tensor(targets, tokens);
    Head head = new Head(spec);

    Tensor whole =
        torch.cross_entropy_loss(
            head.logits(hidden_TD, parameters),
            targets_T,
            new TensorOptional(),
            torch.Reduction.Sum.value,
            -100,
            0.0);
    whole.div(Torch.scalar(tokens)).backward();
    Part part = tied ? Part.EMBEDDING : Part.LM_HEAD;
    float[] dHidden = Torch.floats(hidden_TD.grad());
    float[] dWeight = Torch.floats(parameters.get(part).grad());
    float[] dNorm = Torch.floats(parameters.get(Part.FINAL_NORM).grad());
    hidden_TD.mutable_grad().reset();
    parameters.clearGradients();

    double loss = head.backward(hidden_TD, targets_T, tokens, parameters);

    assertThat(loss).isCloseTo(whole.item_double(), Offset.offset(1e-4 * tokens));
    try (AutoGradMode off = new AutoGradMode(false)) {
      assertThat(head.loss(hidden_TD, targets_T, parameters))
          .isCloseTo(loss, Offset.offset(1e-9 * tokens));
    }
    assertClose(Torch.floats(hidden_TD.grad()), dHidden);
    assertClose(Torch.floats(parameters.get(part).grad()), dWeight);
    assertClose(Torch.floats(parameters.get(Part.FINAL_NORM).grad()), dNorm);
  }

  private static void assertClose(float[] got, float[] want) {
    double worst = 0;
    double scale = 0;
    for (int i = 0; i < want.length; i++) {
      worst = Math.max(worst, Math.abs(got[i] - want[i]));
      scale = Math.max(scale, Math.abs(want[i]));
    }
    assertThat(worst).isLessThan(1e-5 * scale);
  }
}
