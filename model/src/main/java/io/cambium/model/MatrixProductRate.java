package io.cambium.model;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The rate at which this machine multiplies large fp32 matrices: the limit that training is
 * measured against.
 */
public final class MatrixProductRate {

  private static final int SIZE = 1024;
  private static final int ROUNDS = 12;
  private static final int PRODUCTS = 8;

  private MatrixProductRate() {}

  /** Operations per second of all workers together, the best of several rounds. */
  public static double measure(Team team) {
    double[] best = {0};
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      team.run(member -> multiply());
      double seconds = (System.nanoTime() - start) / 1e9;
      double operations = 2.0 * SIZE * SIZE * SIZE * PRODUCTS * team.size();
      best[0] = Math.max(best[0], operations / seconds);
    }
    return best[0];
  }

  private static void multiply() {
    Tensor left = torch.ones(SIZE, SIZE);
    Tensor right = torch.ones(SIZE, SIZE);
    Tensor out = torch.zeros(SIZE, SIZE);
    for (int i = 0; i < PRODUCTS; i++) {
      try (PointerScope scope = new PointerScope()) {
        torch.mm_out(out, left, right);
      }
    }
  }
}
