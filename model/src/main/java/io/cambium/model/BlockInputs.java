package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Adds up what each feed-forward block is given, in fp64, on one worker. D hidden. */
final class BlockInputs implements RoutingListener {

  private final List<Tensor> sums_LD = new ArrayList<>();
  private long tokens;

  BlockInputs(DecoderSpec spec) {
    for (int layer = 0; layer < spec.layers().size(); layer++) {
      sums_LD.add(
          Scopes.unowned(
              torch.zeros(new long[] {spec.hiddenSize()}, Torch.options(ScalarType.Double))));
    }
  }

  @Override
  public void routed(int worker, int layer, Tensor x_TD, int[] choice) {
    passed(worker, layer, x_TD);
  }

  @Override
  public void passed(int worker, int layer, Tensor x_TD) {
    // All tokens come through every layer.
    tokens += layer == 0 ? x_TD.size(0) : 0;
    Scopes.freeAll(() -> sums_LD.get(layer).add_(x_TD.to(ScalarType.Double).sum(0)));
  }

  /** The mean by layer, [D]. */
  SortedMap<Integer, double[]> means() {
    SortedMap<Integer, double[]> means = new TreeMap<>();
    for (int layer = 0; layer < sums_LD.size(); layer++) {
      means.put(layer, Torch.doubles(sums_LD.get(layer).div(Torch.scalar(tokens))));
    }
    return means;
  }
}
