package io.cambium.model;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Threads that help one other with its matrix products, for a single sequence, where there is
 * nothing else to share out. A product is cut into blocks of the weight's rows, and whoever is free
 * takes the next: a core that is busy with something else costs no more than its own help. (A BLAS
 * gives each of its threads a fixed part, and waits for the last. With one other busy program on
 * two cores that was 1 token/s instead of 22.)
 *
 * <p>N rows of x, D inputs, C outputs.
 */
final class Crew implements AutoCloseable {

  /** The crew that helps the current thread; not bound where there is none. */
  static final ScopedValue<Crew> HERE = ScopedValue.newInstance();

  /** Large enough to be worth the calls, small enough to even out the end: 512 KB in fp32. */
  private static final long BLOCK_WEIGHTS = 1 << 17;

  /** How long a helper looks out for the next product before it sleeps. */
  private static final long PATIENCE_NANOS = 500_000;

  private final List<Thread> helpers = new ArrayList<>();
  private volatile @Nullable Product current;
  private volatile boolean closed;

  /**
   * @param threads in all, with the one that is helped
   */
  Crew(int threads) {
    Torch.start();
    for (int i = 1; i < threads; i++) {
      helpers.add(Thread.ofPlatform().daemon().name("helper-" + i).start(this::help));
    }
  }

  /**
   * {@code out = x weight_CD^T}, outside autograd. A weight of another type is widened block by
   * block.
   *
   * @param x N rows of D, whatever the shape
   * @param out N rows of C, likewise
   */
  void multiply(Tensor x, Tensor weight_CD, Tensor out) {
    Product product = new Product(x, weight_CD, out, helpers.size() + 1);
    current = product;
    helpers.forEach(LockSupport::unpark);
    product.work();
    product.await();
  }

  private void help() {
    Torch.start();
    try (AutoGradMode off = new AutoGradMode(false)) {
      long lastWork = System.nanoTime();
      while (!closed) {
        Product product = current;
        if (product != null && product.work()) {
          lastWork = System.nanoTime();
        } else if (System.nanoTime() - lastWork < PATIENCE_NANOS) {
          // Not a mere hint to the core: the compiler wants to run too while the code is new.
          Thread.yield();
        } else {
          LockSupport.park(this);
          lastWork = System.nanoTime();
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    helpers.forEach(LockSupport::unpark);
  }

  /** One product under way. */
  private static final class Product {
    private final Tensor x;
    private final Tensor weight_CD;
    private final Tensor out;
    private final @Nullable RowProduct ofOneRow;
    private final long outputs;
    private final int blocks;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Throwable failure;

    Product(Tensor x, Tensor weight_CD, Tensor out, int threads) {
      this.x = x;
      this.weight_CD = weight_CD;
      this.out = out;
      this.ofOneRow = RowProduct.of(x, weight_CD, out);
      this.outputs = weight_CD.size(0);
      long each = Math.max(1, Math.round((double) weight_CD.numel() / BLOCK_WEIGHTS / threads));
      this.blocks = Math.toIntExact(Math.min(outputs, each * threads));
    }

    /** Computes blocks until all are taken; false if none was left. */
    boolean work() {
      boolean any = false;
      while (next.get() < blocks) {
        int block = next.getAndIncrement();
        if (block < blocks) {
          compute(block);
          any = true;
        }
      }
      return any;
    }

    private void compute(int block) {
      try {
        long from = outputs * block / blocks;
        long count = outputs * (block + 1) / blocks - from;
        if (ofOneRow == null) {
          Scopes.freeAll(() -> compute(from, count));
        } else {
          ofOneRow.compute(from, count);
        }
      } catch (Throwable e) {
        failure = e;
      } finally {
        done.incrementAndGet();
      }
    }

    private void compute(long from, long count) {
      Tensor x_ND = x.flatten(0, -2);
      Tensor weight_cD = weight_CD.narrow(0, from, count).to(x.scalar_type());
      Tensor out_Nc = out.flatten(0, -2).narrow(1, from, count);
      if (x_ND.size(0) == 1) {
        torch.mv_out(out_Nc.squeeze(0), weight_cD, x_ND.squeeze(0));
      } else {
        torch.mm_out(out_Nc, x_ND, weight_cD.t());
      }
    }

    void await() {
      while (done.get() < blocks) {
        Thread.onSpinWait();
      }
      if (failure != null) {
        throw new IllegalStateException("a matrix product failed", failure);
      }
    }
  }
}
