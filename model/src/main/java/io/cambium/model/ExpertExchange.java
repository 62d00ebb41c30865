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
 * <p>Where ranks share the experts, rows go to the rank of their expert and come back ({@link
 * ExpertDispatch}), and an expert meets the tokens of all these ranks.
 *
 * <p>T tokens of a worker, K slots per token, N rows of all workers (the sum of T*K), E experts, L
 * experts that this rank holds, M rows for those, D hidden, F width. Of a single rank L is E, and M
 * is N.
 */
final class ExpertExchange {

  private final List<ExpertWeights> experts;
  private final List<ExpertWeights> gradients;
  private final ExpertKernel kernel;
  private final int[] order_E;
  private final @Nullable ExpertDispatch dispatch;
  private final RowBuffer inputs;
  private final RowBuffer inners;
  private final Scratch scratch;
  private final int[][] counts_WE;
  private final AtomicInteger next = new AtomicInteger();
  private @Nullable Batch batch;

  /**
   * Buffers that no layer needs for longer than its own pass, so that one set serves all layers.
   *
   * @param outgoing what workers bring for other ranks' experts
   * @param incoming what comes back
   * @param arrivals rows of other ranks as they come and go
   */
  record Scratch(
      RowBuffer outputs,
      RowBuffer outputGradients,
      RowBuffer inputGradients,
      RowBuffer outgoing,
      RowBuffer incoming,
      RowBuffer arrivals) {

    static Scratch of(ScalarType type, long hiddenSize) {
      return new Scratch(
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize),
          new RowBuffer(type, hiddenSize));
    }
  }

  /** What the workers share for one batch. */
  private record Batch(Brought brought, Met met) {}

  /** The rows of this rank's workers. */
  private record Brought(
      long[] start_E, long[] rows_E, Tensor x_ND, Tensor y_ND, Tensor dy_ND, Tensor dx_ND) {}

  /** The rows that this rank's experts meet. */
  private record Met(
      long[] start_L,
      long[] rows_L,
      int[] order_L,
      Tensor x_MD,
      Tensor gateUp_M2F,
      Tensor y_MD,
      Tensor dy_MD,
      Tensor dx_MD) {}

  /**
   * @param experts those that this rank holds
   * @param gradients one for each of them, to be written by the backward pass; empty for inference,
   *     and where the experts are frozen
   * @param type that tokens come in
   * @param dispatch to the ranks that hold the others; null where this one holds all
   */
  ExpertExchange(
      List<ExpertWeights> experts,
      List<ExpertWeights> gradients,
      ExpertKernel kernel,
      ScalarType type,
      Scratch scratch,
      int workers,
      @Nullable ExpertDispatch dispatch) {
    this.experts = experts;
    this.gradients = gradients;
    this.kernel = kernel;
    ExpertWeights first = experts.getFirst();
    this.inputs = new RowBuffer(type, first.hidden());
    this.inners = new RowBuffer(type, 2 * first.width());
    this.scratch = scratch;
    this.dispatch = dispatch;
    this.order_E =
        dispatch == null ? IntStream.range(0, experts.size()).toArray() : dispatch.order_E();
    this.counts_WE = new int[workers][order_E.length];
  }

  /**
   * Lays this worker's tokens out by the experts they chose, and sets those off that go to another
   * rank. All workers must call it, and then {@link #finishForward}; in between they may compute
   * what needs no expert, while tokens travel.
   *
   * @param slots_SD what the expert of each slot is given, S = T*K
   * @param choice the expert of each slot, T*K entries, slots of a token side by side
   * @param keep whether a backward pass will follow
   * @return the rows of this worker's slots in the shared buffers, int64 [T*K]; {@link #collect}
   *     takes their outputs
   */
  Tensor startForward(Team.Member member, Tensor slots_SD, int[] choice, boolean keep) {
    int[] counts_E = counts_WE[member.index()];
    Arrays.fill(counts_E, 0);
    for (int expert : choice) {
      counts_E[expert]++;
    }
    member.await(() -> allocate(keep));
    Brought brought = batch().brought();
    Tensor rows = Torch.tensor(rows(member.index(), choice, brought.start_E()), choice.length);
    Scopes.freeAll(() -> brought.x_ND().index_copy_(0, rows, slots_SD));
    setOff(member, brought.x_ND());
    return rows;
  }

  /** Sends the tokens of all workers through the experts. All workers must call it. */
  void finishForward(Team.Member member) {
    Batch here = batch();
    member.await(this::arrive);
    forEachExpert(here.met(), l -> forwardExpert(here.met(), l));
    member.await(() -> giveBack(here.brought().y_ND()));
  }

  /** The experts' outputs at these rows, [T*K, D]. */
  Tensor collect(Tensor rows) {
    return batch().brought().y_ND().index_select(0, rows);
  }

  /**
   * Lays the gradients of this worker's outputs out, and sets those off that go to another rank.
   * All workers must call it, and then {@link #finishBackward}, as with {@link #startForward}.
   *
   * @param dy_SD gradient of each slot's output, S = T*K
   */
  void startBackward(Team.Member member, Tensor rows, Tensor dy_SD) {
    Brought brought = batch().brought();
    brought.dy_ND().index_copy_(0, rows, dy_SD);
    setOff(member, brought.dy_ND());
  }

  /**
   * Carries the gradients of all outputs through the experts to their inputs. All workers must call
   * it.
   *
   * @param accumulate whether to add to the experts' gradients or to replace them
   * @return gradient of each slot's input, [T*K, D]
   */
  Tensor finishBackward(Team.Member member, Tensor rows, boolean accumulate) {
    Batch here = batch();
    member.await(this::arrive);
    forEachExpert(here.met(), l -> backwardExpert(here.met(), l, accumulate));
    member.await(() -> giveBack(here.brought().dx_ND()));
    return here.brought().dx_ND().index_select(0, rows);
  }

  /** Assignments per expert in the last forward pass, over all workers of this rank. */
  long[] load_E() {
    return batch().brought().rows_E().clone();
  }

  private void setOff(Team.Member member, Tensor rows_ND) {
    if (dispatch != null) {
      member.await(() -> dispatch.send(rows_ND));
    }
  }

  private void arrive() {
    if (dispatch != null) {
      dispatch.arrive();
    }
    next.set(0);
  }

  private void giveBack(Tensor rows_ND) {
    if (dispatch != null) {
      dispatch.giveBack(rows_ND);
    }
  }

  private void allocate(boolean keep) {
    long[] rows_E = new long[order_E.length];
    for (int[] counts_E : counts_WE) {
      Arrays.setAll(rows_E, e -> rows_E[e] + counts_E[e]);
    }
    long[] start_E = new long[order_E.length];
    long rows = 0;
    for (int e : order_E) {
      start_E[e] = rows;
      rows += rows_E[e];
    }
    if (dispatch == null) {
      Met met = met(start_E, rows_E, rows, keep);
      batch =
          new Batch(
              new Brought(start_E, rows_E, met.x_MD(), met.y_MD(), met.dy_MD(), met.dx_MD()), met);
    } else {
      Tensor out_ND = scratch.outgoing().rows(rows);
      Tensor in_ND = scratch.incoming().rows(rows);
      batch =
          new Batch(
              new Brought(start_E, rows_E, out_ND, in_ND, out_ND, in_ND),
              met(dispatch.announce(rows_E), keep));
    }
  }

  private Met met(long[] rows_L, boolean keep) {
    long[] start_L = new long[rows_L.length];
    long rows = 0;
    for (int l = 0; l < rows_L.length; l++) {
      start_L[l] = rows;
      rows += rows_L[l];
    }
    return met(start_L, rows_L, rows, keep);
  }

  private Met met(long[] start_L, long[] rows_L, long rows, boolean keep) {
    return new Met(
        start_L,
        rows_L,
        largestFirst(rows_L),
        inputs.rows(rows),
        inners.rows(rows),
        scratch.outputs().rows(rows),
        scratch.outputGradients().rows(keep ? rows : 0),
        scratch.inputGradients().rows(keep ? rows : 0));
  }

  /**
   * The order in which experts are taken: large ones first leave small ones to even out the end.
   */
  private static int[] largestFirst(long[] rows_L) {
    return IntStream.range(0, rows_L.length)
        .boxed()
        .sorted(Comparator.comparingLong((Integer l) -> -rows_L[l]))
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

  private void forEachExpert(Met met, IntConsumer work) {
    for (int i = next.getAndIncrement(); i < experts.size(); i = next.getAndIncrement()) {
      int expert = met.order_L()[i];
      Scopes.freeAll(() -> work.accept(expert));
    }
  }

  private void forwardExpert(Met met, int l) {
    if (met.rows_L()[l] == 0) {
      return;
    }
    Tensor x = rowsOf(met, met.x_MD(), l);
    Tensor y = rowsOf(met, met.y_MD(), l);
    if (dispatch != null) {
      dispatch.take(l, x);
    }
    kernel.forward(experts.get(l), x, rowsOf(met, met.gateUp_M2F(), l), y);
    if (dispatch != null) {
      dispatch.answer(l, y);
    }
  }

  private void backwardExpert(Met met, int l, boolean accumulate) {
    ExpertWeights gradient = gradients.isEmpty() ? null : gradients.get(l);
    if (met.rows_L()[l] == 0) {
      if (gradient != null && !accumulate) {
        gradient.clear();
      }
      return;
    }
    Tensor dy = rowsOf(met, met.dy_MD(), l);
    Tensor dx = rowsOf(met, met.dx_MD(), l);
    if (dispatch != null) {
      dispatch.take(l, dy);
    }
    kernel.backward(
        experts.get(l),
        rowsOf(met, met.x_MD(), l),
        rowsOf(met, met.gateUp_M2F(), l),
        dy,
        dx,
        gradient,
        accumulate);
    if (dispatch != null) {
      dispatch.answer(l, dx);
    }
  }

  private static Tensor rowsOf(Met met, Tensor buffer, int l) {
    return buffer.narrow(0, met.start_L()[l], met.rows_L()[l]);
  }

  private Batch batch() {
    if (batch == null) {
      throw new IllegalStateException("no forward pass came before");
    }
    return batch;
  }
}
