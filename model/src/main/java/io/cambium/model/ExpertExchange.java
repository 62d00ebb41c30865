package io.cambium.model;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Where the tokens of all workers meet the experts of one layer. Each worker brings its tokens, the
 * rows are laid out by expert and within an expert by worker, and whoever is free takes the next
 * expert. So no expert's gradient exists twice, each product has the rows of all workers, and since
 * one product computes one expert's gradient, the result does not depend on who ran it.
 *
 * <p>T tokens of a worker, K slots per token, N rows of all workers (the sum of T*K), E experts, D
 * hidden, F width.
 */
final class ExpertExchange {

  private final List<ExpertWeights> experts;
  private final List<ExpertWeights> gradients;
  private final ExpertKernel kernel;
  private final int hiddenSize;
  private final RowBuffer inputs;
  private final RowBuffer inners;
  private final Scratch scratch;
  private final int[][] counts_WE;
  private final AtomicInteger next = new AtomicInteger();
  private @Nullable Batch batch;

  /**
   * Buffers that no layer needs for longer than its own pass, so that one set serves all layers.
   */
  record Scratch(RowBuffer outputs, RowBuffer outputGradients, RowBuffer inputGradients) {

    static Scratch of(ScalarType type, long hiddenSize) {
      return new Scratch(
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize));
    }
  }

  /** What the workers share for one batch. */
  private record Batch(
      long[] start_E,
      long[] rows_E,
      int[] order_E,
      Tensor x_ND,
      Tensor gateUp_N2F,
      Tensor y_ND,
      Tensor dy_ND,
      Tensor dx_ND) {}

  /**
   * @param gradients one for each expert, to be written by the backward pass; empty for inference,
   *     and where the experts are frozen
   * @param type that tokens come in
   */
  ExpertExchange(
      List<ExpertWeights> experts,
      List<ExpertWeights> gradients,
      ExpertKernel kernel,
      ScalarType type,
      Scratch scratch,
      int workers) {
    this.experts = experts;
    this.gradients = gradients;
    this.kernel = kernel;
    ExpertWeights first = experts.getFirst();
    this.hiddenSize = Math.toIntExact(first.hidden());
    this.inputs = new RowBuffer(type, hiddenSize);
    this.inners = new RowBuffer(type, 2 * first.width());
    this.scratch = scratch;
    this.counts_WE = new int[workers][experts.size()];
  }

  /**
   * Sends this worker's tokens through the experts they chose. All workers must call it.
   *
   * @param slots_SD what the expert of each slot is given, S = T*K
   * @param choice the expert of each slot, T*K entries, slots of a token side by side
   * @param keep whether a backward pass will follow
   * @return the rows of this worker's slots in the shared buffers, int64 [T*K]; {@link #collect}
   *     takes their outputs
   */
  Tensor forward(Team.Member member, Tensor slots_SD, int[] choice, boolean keep) {
    int[] counts_E = counts_WE[member.index()];
    Arrays.fill(counts_E, 0);
    for (int expert : choice) {
      counts_E[expert]++;
    }
    member.await(() -> allocate(keep));
    Batch shared = batch();
    Tensor rows = Torch.tensor(rows(member.index(), choice, shared.start_E()), choice.length);
    Scopes.freeAll(() -> shared.x_ND().index_copy_(0, rows, slots_SD));
    member.await(() -> next.set(0));
    forEachExpert(shared, e -> forwardExpert(shared, e));
    member.await();
    return rows;
  }

  /** The experts' outputs at these rows, [T*K, D]. */
  Tensor collect(Tensor rows) {
    return batch().y_ND().index_select(0, rows);
  }

  /**
   * Carries the gradient of the slots' outputs back to their inputs. All workers must call it.
   *
   * @param dy_SD gradient of each slot's output, S = T*K
   * @param accumulate whether to add to the experts' gradients or to replace them
   * @return gradient of each slot's input, [T*K, D]
   */
  Tensor backward(Team.Member member, Tensor rows, Tensor dy_SD, boolean accumulate) {
    Batch shared = batch();
    shared.dy_ND().index_copy_(0, rows, dy_SD);
    member.await(() -> next.set(0));
    forEachExpert(shared, e -> backwardExpert(shared, e, accumulate));
    member.await();
    return shared.dx_ND().index_select(0, rows);
  }

  /** Assignments per expert in the last forward pass, over all workers. */
  long[] load_E() {
    return batch().rows_E().clone();
  }

  private void allocate(boolean keep) {
    long[] start_E = new long[experts.size()];
    long[] rows_E = new long[experts.size()];
    long rows = 0;
    for (int e = 0; e < experts.size(); e++) {
      start_E[e] = rows;
      for (int[] counts_E : counts_WE) {
        rows_E[e] += counts_E[e];
      }
      rows += rows_E[e];
    }
    batch =
        new Batch(
            start_E,
            rows_E,
            largestFirst(rows_E),
            inputs.rows(rows),
            inners.rows(rows),
            scratch.outputs().rows(rows),
            scratch.outputGradients().rows(keep ? rows : 0),
            scratch.inputGradients().rows(keep ? rows : 0));
  }

  /**
   * The order in which experts are taken: large ones first leave small ones to even out the end.
   */
  private static int[] largestFirst(long[] rows_E) {
    return IntStream.range(0, rows_E.length)
        .boxed()
        .sorted(Comparator.comparingLong((Integer e) -> -rows_E[e]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * A counting sort by expert, stable in the order of the tokens, after the rows of the workers
   * before this one.
   */
  private long[] rows(int worker, int[] choice, long[] start_E) {
    long[] next_E = start_E.clone();
    for (int w = 0; w < worker; w++) {
      for (int e = 0; e < next_E.length; e++) {
        next_E[e] += counts_WE[w][e];
      }
    }
    long[] rows = new long[choice.length];
    for (int slot = 0; slot < choice.length; slot++) {
      rows[slot] = next_E[choice[slot]]++;
    }
    return rows;
  }

  private void forEachExpert(Batch shared, IntConsumer work) {
    for (int i = next.getAndIncrement(); i < experts.size(); i = next.getAndIncrement()) {
      int expert = shared.order_E()[i];
      Scopes.freeAll(() -> work.accept(expert));
    }
  }

  private void forwardExpert(Batch shared, int e) {
    if (shared.rows_E()[e] > 0) {
      kernel.forward(
          experts.get(e),
          rowsOf(shared, shared.x_ND(), e),
          rowsOf(shared, shared.gateUp_N2F(), e),
          rowsOf(shared, shared.y_ND(), e));
    }
  }

  private void backwardExpert(Batch shared, int e, boolean accumulate) {
    ExpertWeights gradient = gradients.isEmpty() ? null : gradients.get(e);
    if (shared.rows_E()[e] == 0) {
      if (gradient != null && !accumulate) {
        gradient.clear();
      }
      return;
    }
    kernel.backward(
        experts.get(e),
        rowsOf(shared, shared.x_ND(), e),
        rowsOf(shared, shared.gateUp_N2F(), e),
        rowsOf(shared, shared.dy_ND(), e),
        rowsOf(shared, shared.dx_ND(), e),
        gradient,
        accumulate);
  }

  private static Tensor rowsOf(Batch shared, Tensor buffer, int e) {
    return buffer.narrow(0, shared.start_E()[e], shared.rows_E()[e]);
  }

  private Batch batch() {
    if (batch == null) {
      throw new IllegalStateException("no forward pass came before");
    }
    return batch;
  }
}
