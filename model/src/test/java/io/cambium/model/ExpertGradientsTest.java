package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.runner.TokenIds;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gradients of experts against differences of the loss in fp64, over batches of unequal size. */
class ExpertGradientsTest {

  private static final double STEP = 1e-5;
  private static final List<TokenIds> BATCHES = List.of(batch(3, 29), batch(1, 17));

  @TempDir Path folder;

  @Test
  void areSlopesOfTheMeanLoss() {
    Path source = TinyModels.glm4Moe().experts(3).topK(2).write(folder.resolve("source"));
    try (CheckpointDirectory directory = CheckpointDirectory.open(source);
        Team team = new Team(1)) {
      List<ModelTensor> experts =
          directory.tensors().stream().filter(tensor -> tensor.part().isExpert()).toList();
      Map<ModelTensor, float[]> gradients =
          new TorchRunner().expertGradients(source, BATCHES, experts);
      assertThat(gradients).hasSameSizeAs(experts);
      Decoder decoder = Decoder.forInference(Weights.load(directory, DType.F64), team);
      gradients.forEach((tensor, gradient) -> check(decoder, tensor, gradient));
    }
  }

  private static void check(Decoder decoder, ModelTensor tensor, float[] gradient) {
    double norm = 0;
    for (float slope : gradient) {
      norm += (double) slope * slope;
    }
    norm = Math.sqrt(norm);
    assertThat(norm).isPositive();
    MemorySegment memory =
        Torch.memory(Objects.requireNonNull(decoder.weights().all().get(tensor)));
    double[] values = memory.toArray(ValueLayout.JAVA_DOUBLE);
    double above = loss(decoder, memory, values, gradient, STEP / norm);
    double below = loss(decoder, memory, values, gradient, -STEP / norm);
    memory.copyFrom(MemorySegment.ofArray(values));
    assertThat((above - below) / (2 * STEP)).isCloseTo(norm, within(1e-8 + 1e-4 * norm));
  }

  private static double loss(
      Decoder decoder, MemorySegment memory, double[] values, float[] direction, double step) {
    double[] moved = values.clone();
    Arrays.setAll(moved, i -> values[i] + step * direction[i]);
    memory.copyFrom(MemorySegment.ofArray(moved));
    double[] sum = new double[1];
    long tokens = 0;
    for (TokenIds batch : BATCHES) {
      long last = batch.sequence_S() - 1;
      tokens += batch.batch_B() * last;
      decoder
          .team()
          .run(member -> {
            Tensor ids_BS = Torch.tensor(batch.ids(), batch.batch_B(), batch.sequence_S());
            sum[0] +=
                decoder.loss(
                    member,
                    ids_BS.narrow(1, 0, last).contiguous(),
                    ids_BS.narrow(1, 1, last).contiguous());
          });
    }
    return sum[0] / tokens;
  }

  private static TokenIds batch(int sequences, int length) {
    CounterRandom random = CounterRandom.of(1, "batch." + length);
    long[] ids = new long[sequences * length];
    Arrays.setAll(ids, i -> (long) (random.uniform(i) * 61));
    return new TokenIds(sequences, length, ids);
  }
}
