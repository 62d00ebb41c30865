package io.cambium.training;

import io.cambium.model.Torch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/**
 * Loss-free balancing (arXiv 2408.15664): after each step the selection bias of an expert with less
 * than the mean load rises, that of one with more falls. The bias is fp32 and centred to mean zero.
 */
final class Balancer {

  private final double rate;

  /**
   * @param rate what a bias moves per step
   */
  Balancer(double rate) {
    this.rate = rate;
  }

  /**
   * Moves the biases in place.
   *
   * @param biases [E] by routing layer
   * @param loads assignments of the whole batch, by routing layer
   * @param active the experts that count, by routing layer; held-back replicas, which nobody can
   *     choose, keep their bias
   */
  void update(Map<Integer, Tensor> biases, Map<Integer, long[]> loads, Map<Integer, int[]> active) {
    if (rate > 0) {
      biases.forEach((layer, bias_E) ->
          update(
              Torch.memory(bias_E),
              Objects.requireNonNull(loads.get(layer)),
              Objects.requireNonNull(active.get(layer))));
    }
  }

  private void update(MemorySegment bias_E, long[] load_E, int[] active) {
    double mean = Arrays.stream(active).mapToDouble(e -> (double) load_E[e]).sum() / active.length;
    for (int e : active) {
      double move = rate * Math.signum(mean - load_E[e]);
      float moved = (float) (bias_E.getAtIndex(ValueLayout.JAVA_FLOAT, e) + move);
      bias_E.setAtIndex(ValueLayout.JAVA_FLOAT, e, moved);
    }
    double sum = 0;
    for (int e = 0; e < load_E.length; e++) {
      sum += bias_E.getAtIndex(ValueLayout.JAVA_FLOAT, e);
    }
    for (int e = 0; e < load_E.length; e++) {
      float centred = (float) (bias_E.getAtIndex(ValueLayout.JAVA_FLOAT, e) - sum / load_E.length);
      bias_E.setAtIndex(ValueLayout.JAVA_FLOAT, e, centred);
    }
  }
}
