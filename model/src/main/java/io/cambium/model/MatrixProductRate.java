package io.cambium.model;

import io.cambium.checkpoint.DType;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * The rate at which this machine multiplies large matrices: in fp32 the limit that training is
 * measured against.
 */
public final class MatrixProductRate {

  private static final int SIZE = 1024;
  private static final int ROUNDS = 12;
  private static final int PRODUCTS = 8;

  private MatrixProductRate() {}

  /** Operations per second of all workers together, the best of several rounds. */
  public static double measure(Team team, DType dtype) {
    TensorOptions options = Torch.options(Torch.scalarType(dtype));
    double[] best = {0};
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      team.run(member -> multiply(options));
      double seconds = (System.nanoTime() - start) / 1e9;
      double operations = 2.0 * SIZE * SIZE * SIZE * PRODUCTS * team.size();
      best[0] = Math.max(best[0], operations / seconds);
    }
    return best[0];
  }

  private static void multiply(TensorOptions options) {
    long[] square = {SIZE, SIZE};
    Tensor left = torch.ones(square, options);
    Tensor right = torch.ones(square, options);
    Tensor out = torch.zeros(square, options);
    for (int i = 0; i < PRODUCTS; i++) {
      try (PointerScope scope = new PointerScope()) {
        torch.mm_out(out, left, right);
      }
    }
  }
}
