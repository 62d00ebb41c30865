package io.cambium.model;

import io.cambium.model.ProcessGroup.Transfer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Carries rows between the ranks that share a layer's experts, by uneven all-to-all: those that
 * this rank's workers have brought to the experts' ranks, and answers back. They travel by expert,
 * so that they arrive by rank and within a rank by expert; an expert takes its own of all ranks
 * side by side, in the order of the ranks.
 *
 * <p>E experts, P ranks, L experts of this rank, N rows of this rank's workers, M rows for this
 * rank's experts, D hidden.
 */
final class ExpertDispatch {

  private final ProcessGroup ranks;
  private final int[] order_E;
  private final int[] own_L;
  private final int[] experts_P;
  private final RowBuffer arrivals;
  private @Nullable Arrived arrived;
  private @Nullable Transfer underWay;

  /** The rows of one pass. */
  private record Arrived(
      long[] sent_P, long[] received_P, long[][] start_PL, long[][] rows_PL, Tensor rows_MD) {}

  /**
   * @param owners the rank of each expert
   * @param arrivals for rows as they arrive and leave; no layer needs them for longer than its pass
   */
  ExpertDispatch(ProcessGroup ranks, List<Integer> owners, RowBuffer arrivals) {
    this.ranks = ranks;
    this.arrivals = arrivals;
    this.order_E =
        IntStream.range(0, owners.size())
            .boxed()
            .sorted(Comparator.comparing(owners::get)) // stable
            .mapToInt(Integer::intValue)
            .toArray();
    this.own_L = Arrays.stream(order_E).filter(e -> owners.get(e) == ranks.rank()).toArray();
    this.experts_P = new int[ranks.size()];
    owners.forEach(owner -> experts_P[owner]++);
  }

  /** All experts in the order in which rows must lie that are to be sent. */
  int[] order_E() {
    return order_E;
  }

  /** This rank's experts. */
  int[] own_L() {
    return own_L;
  }

  /**
   * Tells the other ranks how many rows each expert will be sent, and learns how many come.
   *
   * @param rows_E of this rank's workers, by expert
   * @return the rows for each of this rank's experts, of all ranks: [L]
   */
  long[] announce(long[] rows_E) {
    int local = own_L.length;
    long[] counts_PL = new long[ranks.size() * local];
    Scopes.freeAll(() -> {
      Tensor sent_E =
          Torch.tensor(Arrays.stream(order_E).mapToLong(e -> rows_E[e]).toArray(), order_E.length);
      Tensor received_PL = Torch.empty(ScalarType.Long, counts_PL.length);
      long[] each_P = new long[ranks.size()];
      Arrays.fill(each_P, local);
      ranks.exchange(
          sent_E, Arrays.stream(experts_P).asLongStream().toArray(), received_PL, each_P);
      System.arraycopy(Torch.longs(received_PL), 0, counts_PL, 0, counts_PL.length);
    });
    arrived = arrived(rows_E, counts_PL);
    long[] rows_L = new long[local];
    for (long[] fromRank_L : arrived.rows_PL()) {
      Arrays.setAll(rows_L, l -> rows_L[l] + fromRank_L[l]);
    }
    return rows_L;
  }

  private Arrived arrived(long[] rows_E, long[] counts_PL) {
    int size = ranks.size();
    int local = own_L.length;
    long[] sent_P = new long[size];
    long[] received_P = new long[size];
    long[][] start_PL = new long[size][local];
    long[][] rows_PL = new long[size][local];
    long total = 0;
    int next = 0;
    for (int rank = 0; rank < size; rank++) {
      for (int i = 0; i < experts_P[rank]; i++) {
        sent_P[rank] += rows_E[order_E[next++]];
      }
      for (int l = 0; l < local; l++) {
        start_PL[rank][l] = total;
        rows_PL[rank][l] = counts_PL[rank * local + l];
        received_P[rank] += rows_PL[rank][l];
        total += rows_PL[rank][l];
      }
    }
    return new Arrived(sent_P, received_P, start_PL, rows_PL, arrivals.rows(total));
  }

  /** Sets the rows off that were announced, which lie in the experts' order. */
  void send(Tensor rows_ND) {
    if (underWay != null) {
      throw new IllegalStateException("what was sent before has not arrived");
    }
    Arrived here = here();
    underWay = ranks.start(rows_ND, here.sent_P(), here.rows_MD(), here.received_P());
  }

  /** Waits until what was sent is there. */
  void arrive() {
    Objects.requireNonNull(underWay, "nothing was sent").await();
    underWay = null;
  }

  /** Takes back what {@link #answer} gave, in the same order. */
  void giveBack(Tensor rows_ND) {
    Arrived here = here();
    ranks.exchange(here.rows_MD(), here.received_P(), rows_ND, here.sent_P());
  }

  /** Puts the rows of one of this rank's experts together. */
  void take(int l, Tensor rows) {
    forEachPiece(l, rows, (piece, there) -> piece.copy_(there));
  }

  /** Lays the answers of one of this rank's experts where its rows had come. */
  void answer(int l, Tensor rows) {
    forEachPiece(l, rows, (piece, there) -> there.copy_(piece));
  }

  private void forEachPiece(int l, Tensor rows, BiConsumer<Tensor, Tensor> copy) {
    Arrived here = here();
    long done = 0;
    for (int rank = 0; rank < ranks.size(); rank++) {
      long count = here.rows_PL()[rank][l];
      copy.accept(
          rows.narrow(0, done, count), here.rows_MD().narrow(0, here.start_PL()[rank][l], count));
      done += count;
    }
  }

  private Arrived here() {
    if (arrived == null) {
      throw new IllegalStateException("nothing was announced");
    }
    return arrived;
  }
}
