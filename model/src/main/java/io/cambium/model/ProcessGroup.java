package io.cambium.model;

import java.util.Arrays;
import java.util.List;
import java.util.PrimitiveIterator;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * The processes ("ranks") that train one model together, or some of them. What one rank calls all
 * must call, in the same order and with the same sizes; every rank gets the same bits. All methods
 * throw {@link io.cambium.checkpoint.TrainingException} where another rank is lost.
 */
public interface ProcessGroup {

  /** One process by itself. */
  ProcessGroup ALONE =
      new ProcessGroup() {
        @Override
        public int rank() {
          return 0;
        }

        @Override
        public int size() {
          return 1;
        }

        @Override
        public void sum(List<Tensor> tensors) {}

        @Override
        public double[] sum(double... values) {
          return values;
        }

        @Override
        public Transfer start(Tensor sent, long[] sentRows, Tensor received, long[] receivedRows) {
          received.copy_(sent);
          return () -> {};
        }
      };

  /** This process's number, from 0. */
  int rank();

  /** How many processes there are. */
  int size();

  /**
   * Adds up each tensor over all ranks, in place and in an order that depends on nothing but the
   * number of ranks.
   *
   * @param tensors fp32 on the CPU
   */
  void sum(List<Tensor> tensors);

  /** The sums of each value over all ranks, likewise, in fp64. */
  double[] sum(double... values);

  /** Rows on their way between the ranks. */
  interface Transfer {

    /**
     * Waits until this rank's rows have left and those for it have come. To be called once, by any
     * thread.
     */
    void await();
  }

  /**
   * Begins to send rows to every rank and to take those that each has for this one (uneven
   * all-to-all), in the order of the ranks. What a rank sends to itself is copied. Until the
   * transfer has been awaited nothing may be written into what is sent, nor read from what is
   * received, and no other exchange begun among these ranks.
   *
   * @param sent contiguous, on the CPU
   * @param sentRows how many of them go to each rank
   * @param received contiguous, of the same type and the same columns
   * @param receivedRows how many of them come from each rank
   */
  Transfer start(Tensor sent, long[] sentRows, Tensor received, long[] receivedRows);

  /** Does that, and waits for it. */
  default void exchange(Tensor sent, long[] sentRows, Tensor received, long[] receivedRows) {
    start(sent, sentRows, received, receivedRows).await();
  }

  /** The sums of counts, all up to 2^53. */
  default SortedMap<Integer, long[]> sum(SortedMap<Integer, long[]> counts) {
    PrimitiveIterator.OfDouble sums =
        Arrays.stream(
                sum(
                    counts.values().stream()
                        .flatMapToLong(Arrays::stream)
                        .asDoubleStream()
                        .toArray()))
            .iterator();
    SortedMap<Integer, long[]> result = new TreeMap<>();
    counts.forEach((key, values) ->
        result.put(key, Arrays.stream(values).map(_ -> (long) sums.nextDouble()).toArray()));
    return result;
  }

  /** Whether this process is the one that writes and speaks for all. */
  default boolean isFirst() {
    return rank() == 0;
  }

  /** The value that rank 0 has. */
  default double ofFirst(double value) {
    return sum(isFirst() ? value : 0)[0];
  }

  /** The value of each rank, by rank. */
  default double[] ofEach(double value) {
    double[] all = new double[size()];
    all[rank()] = value;
    return sum(all);
  }

  /** Whether any rank says so. */
  default boolean any(boolean value) {
    return sum(value ? 1 : 0)[0] > 0;
  }

  /** Waits until all ranks are here. */
  default void await() {
    any(false);
  }
}
