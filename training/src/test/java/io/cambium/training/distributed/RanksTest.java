package io.cambium.training.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.Torch;
import io.cambium.training.config.DistributedConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several ranks in one process, each a thread of its own, over Gloo. */
@Timeout(60)
class RanksTest {

  private static final Timing FAST =
      new Timing(
          Duration.ofSeconds(10),
          Duration.ofMillis(50),
          Duration.ofSeconds(5),
          Duration.ofMinutes(1));

  private static DistributedConfig sharedBy(int ranks) {
    return new DistributedConfig(ranks, DistributedConfig.DEFAULT.timeoutMinutes());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** What each rank made of the work, in their order. */
  private static <T> List<T> run(int size, Function<ProcessGroup, T> work) throws Exception {
    return runRanks(size, ranks -> work.apply(ranks.group()));
  }

  private static <T> List<T> runRanks(int size, Function<Ranks, T> work) throws Exception {
    int port = freePort();
    try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
      List<Future<T>> results = new ArrayList<>();
      for (int rank = 0; rank < size; rank++) {
        Launch launch = new Launch(rank, size, size, "127.0.0.1", port, null, null);
        results.add(threads.submit(() -> asRank(launch, work)));
      }
      List<T> values = new ArrayList<>();
      for (Future<T> result : results) {
        values.add(result.get());
      }
      return values;
    }
  }

  private static <T> T asRank(Launch launch, Function<Ranks, T> work) {
    List<T> result = new ArrayList<>();
    try (Ranks ranks = Ranks.join(launch, FAST, how -> {})) {
      ranks.run(() -> result.add(work.apply(ranks)));
    }
    return result.getFirst();
  }

  /** Of awkward sizes: one that fills a bucket, and empty ones. */
  private static List<float[]> sums(ProcessGroup ranks) {
    SplittableRandom random = new SplittableRandom(ranks.rank());
    List<Tensor> tensors = new ArrayList<>();
    for (int size : new int[] {3, 0, 9_000_001, 1, 7}) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      tensors.add(Torch.tensor(values, size));
    }
    ranks.sum(tensors);
    return tensors.stream().map(Torch::floats).toList();
  }

  @Test
  void allRanksHaveTheSameSumsEveryTime() throws Exception {
    List<List<float[]>> first = run(3, RanksTest::sums);
    List<List<float[]>> second = run(3, RanksTest::sums);
    for (int tensor = 0; tensor < 5; tensor++) {
      float[] expected = first.get(0).get(tensor);
      for (int rank = 0; rank < 3; rank++) {
        assertThat(Arrays.equals(first.get(rank).get(tensor), expected)).isTrue();
        assertThat(Arrays.equals(second.get(rank).get(tensor), expected)).isTrue();
      }
    }
    double sum = 0;
    for (int rank = 0; rank < 3; rank++) {
      sum += (float) new SplittableRandom(rank).nextDouble(-1, 1);
    }
    assertThat(first.get(0).get(0)[0]).isCloseTo((float) sum, Offset.offset(1e-6f));
  }

  @Test
  void numbersCountsAndAnswers() throws Exception {
    List<List<Object>> results =
        run(
            2,
            ranks -> {
              ranks.await();
              TreeMap<Integer, long[]> counts =
                  new TreeMap<>(Map.of(4, new long[] {1L << 40, ranks.rank()}, 2, new long[] {7}));
              Map<Integer, long[]> sums = ranks.sum(counts);
              return List.of(
                  ranks.sum(0.25, ranks.rank()),
                  sums.getOrDefault(4, new long[0]),
                  sums.getOrDefault(2, new long[0]),
                  ranks.ofFirst(5 - ranks.rank()),
                  ranks.any(ranks.rank() == 1),
                  ranks.any(false));
            });
    for (List<Object> result : results) {
      assertThat(result)
          .usingRecursiveComparison()
          .isEqualTo(
              List.of(
                  new double[] {0.5, 1},
                  new long[] {1L << 41, 1},
                  new long[] {14},
                  5.0,
                  true,
                  false));
    }
  }

  /** Rank r sends r + 2p rows to rank p, but rank 1 nothing to rank 0. */
  private static long rows(int from, int to) {
    return from == 1 && to == 0 ? 0 : from + 2L * to;
  }

  private static float[] exchanged(ProcessGroup ranks) {
    int me = ranks.rank();
    long[] sent = LongStream.range(0, ranks.size()).map(to -> rows(me, (int) to)).toArray();
    long[] received = LongStream.range(0, ranks.size()).map(from -> rows((int) from, me)).toArray();
    float[] values = new float[2 * (int) Arrays.stream(sent).sum()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1000 * me + i;
    }
    Tensor here =
        Torch.tensor(
            new float[2 * (int) Arrays.stream(received).sum()], Arrays.stream(received).sum(), 2);
    ranks.exchange(Torch.tensor(values, values.length / 2, 2), sent, here, received);
    return Torch.floats(here);
  }

  @Test
  void rowsGoWhereTheyAreSentInTheOrderOfTheRanks() throws Exception {
    List<float[]> found = run(3, RanksTest::exchanged);
    for (int me = 0; me < 3; me++) {
      List<Float> expected = new ArrayList<>();
      for (int from = 0; from < 3; from++) {
        int first = 0;
        for (int to = 0; to < me; to++) {
          first += 2 * (int) rows(from, to);
        }
        for (int i = 0; i < 2 * rows(from, me); i++) {
          expected.add(1000f * from + first + i);
        }
      }
      assertThat(found.get(me)).containsExactly(expected.toArray(Float[]::new));
    }
  }

  @Test
  void ranksAreCutIntoSetsThatShareExpertsAndThoseThatHoldTheSame() throws Exception {
    List<List<double[]>> sums =
        runRanks(
            4,
            ranks -> {
              RankGroups groups = ranks.groups(sharedBy(2));
              int rank = ranks.group().rank();
              assertThat(groups.experts().rank()).isEqualTo(rank % 2);
              assertThat(groups.replicas().rank()).isEqualTo(rank / 2);
              assertThat(groups.inFirstSet()).isEqualTo(rank < 2);
              return List.of(
                  groups.all().sum(1 << rank),
                  groups.experts().sum(1 << rank),
                  groups.replicas().sum(1 << rank));
            });
    for (int rank = 0; rank < 4; rank++) {
      assertThat(sums.get(rank).get(0)).containsExactly(15);
      assertThat(sums.get(rank).get(1)).containsExactly(rank < 2 ? 3 : 12);
      assertThat(sums.get(rank).get(2)).containsExactly(rank % 2 == 0 ? 5 : 10);
    }
  }

  @Test
  void expertsAreNotSharedByRanksThatDoNotDivideEvenly() {
    try (Ranks ranks = Ranks.join(Map.of(), how -> {})) {
      assertThatThrownBy(() -> ranks.groups(sharedBy(2)))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining(
              "distributed.expert_parallel_size: is 2, which does not divide the number of"
                  + " processes, 1");
    }
  }

  @Test
  void ranksMustAgreeOnHowTheyShareExperts() {
    assertThatThrownBy(() ->
            runRanks(
                2,
                ranks -> {
                  ranks.groups(sharedBy(1 + ranks.group().rank()));
                  ranks.group().await();
                  return 0;
                }))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("distributed.expert_parallel_size: is 2 in rank 1, but 1 in rank 0");
  }

  @Test
  void whoWaitsForARankThatFailsLearnsWhy() {
    assertThatThrownBy(() ->
            run(
                3,
                ranks -> {
                  if (ranks.rank() == 2) {
                    throw new UsageException("disk", "is full", null);
                  }
                  ranks.await();
                  return ranks.rank();
                }))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("rank 2 (")
        .hasMessageContaining("failed: disk: is full");
  }

  @Test
  void aPortThatIsTakenIsNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("::"))) {
      Launch launch = new Launch(0, 2, 2, "127.0.0.1", taken.getLocalPort(), null, null);
      assertThatThrownBy(() -> Ranks.join(launch, FAST, how -> {}))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("MASTER_PORT: is " + taken.getLocalPort());
    }
  }

  @Test
  void withoutOthersARankIsAlone() {
    try (Ranks ranks = Ranks.join(Map.of(), how -> {})) {
      assertThat(ranks.group()).isSameAs(ProcessGroup.ALONE);
      ranks.run(() -> assertThat(ranks.group().sum(1.5)).containsExactly(1.5));
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** It is there, says so every 50 ms, and never comes. */
  @Test
  void aRankThatIsThereButDoesNotComeIsLost() {
    CountDownLatch over = new CountDownLatch(1);
    assertThatThrownBy(() ->
            runRanks(
                3,
                ranks -> {
                  ranks.groups(new DistributedConfig(1, 0.05)); // 3 s
                  if (ranks.group().rank() == 1) {
                    awaitQuietly(over);
                  } else {
                    try {
                      ranks.group().await();
                    } finally {
                      over.countDown();
                    }
                  }
                  return true;
                }))
        .hasRootCauseInstanceOf(TrainingException.class)
        .rootCause()
        .hasMessageContaining("rank 1 (")
        .hasMessageContaining("kept the others waiting for 0.05 min");
  }
}
