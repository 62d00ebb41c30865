package io.cambium.lab.analysis;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.Decoder;
import io.cambium.model.Torch;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Inner products between experts, over all weights of each: gate, up, down, and biases where there
 * are. In fp64, since distances are differences of them. E experts.
 */
final class ExpertProducts {

  /** Elements of all experts together that are widened at a time. */
  private static final long PIECE = 1 << 22;

  private ExpertProducts() {}

  /** Of each expert of a layer with each: [E][E]. */
  static double[][] within(Decoder decoder, int layer) {
    int experts = decoder.spec().mixture(layer).experts();
    double[][] products_EE = new double[experts][experts];
    for (List<Tensor> matrices : byPart(decoder, layer).values()) {
      for (long row = 0, rows = matrices.getFirst().size(0); row < rows; ) {
        long count = Math.min(rows - row, rowsAtATime(matrices));
        addProducts(products_EE, matrices, row, count);
        row += count;
      }
    }
    return products_EE;
  }

  private static long rowsAtATime(List<Tensor> matrices) {
    Tensor first = matrices.getFirst();
    return Math.max(1, PIECE / (matrices.size() * (first.numel() / first.size(0))));
  }

  private static void addProducts(
      double[][] products_EE, List<Tensor> matrices, long row, long count) {
    try (PointerScope scope = new PointerScope()) {
      Tensor[] flat =
          matrices.stream()
              .map(m -> m.detach().narrow(0, row, count).reshape(-1).to(ScalarType.Double))
              .toArray(Tensor[]::new);
      Tensor all_EP = torch.stack(new TensorVector(flat), 0);
      double[] more = doubles(torch.mm(all_EP, all_EP.t()));
      for (int i = 0; i < more.length; i++) {
        products_EE[i / matrices.size()][i % matrices.size()] += more[i];
      }
    }
  }

  /** The matrices of a layer's experts, in their order, by what they are. */
  static Map<Part, List<Tensor>> byPart(Decoder decoder, int layer) {
    Map<Part, List<Tensor>> parts = new EnumMap<>(Part.class);
    for (Map.Entry<ModelTensor, Tensor> entry : decoder.weights().all().entrySet()) {
      ModelTensor tensor = entry.getKey();
      if (tensor.layer() == layer && tensor.part().isExpert()) {
        parts.computeIfAbsent(tensor.part(), part -> new ArrayList<>()).add(entry.getValue());
      }
    }
    return parts;
  }

  /** Cosine of the angle between two experts; 0 where one is all zeros. */
  static double cosine(double[][] products_EE, int a, int b) {
    double lengths = Math.sqrt(products_EE[a][a]) * Math.sqrt(products_EE[b][b]);
    return lengths == 0 ? 0 : Math.clamp(products_EE[a][b] / lengths, -1, 1);
  }

  /** Distance between two experts, relative to the larger norm. */
  static double distance(double[][] products_EE, int a, int b) {
    double larger = Math.max(products_EE[a][a], products_EE[b][b]);
    double squared = products_EE[a][a] + products_EE[b][b] - 2 * products_EE[a][b];
    return larger == 0 || a == b ? 0 : Math.sqrt(Math.max(0, squared) / larger);
  }

  /** A copy of an fp64 tensor's values. */
  static double[] doubles(Tensor tensor) {
    Tensor contiguous = tensor.contiguous();
    try {
      return Torch.memory(contiguous).toArray(ValueLayout.JAVA_DOUBLE);
    } finally {
      Reference.reachabilityFence(contiguous);
    }
  }
}
