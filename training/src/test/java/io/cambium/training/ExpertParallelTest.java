package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.model.RankGroups;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.training.config.DistributedConfig;
import io.cambium.training.config.GroupsConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.distributed.Ranks;
import io.cambium.upcycle.ledger.Floats;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/** Four ranks, threads of one process: two and two hold a model's experts between them. */
@Timeout(60)
class ExpertParallelTest {

  private static final int RANKS = 4;
  private static final int SHARING = 2;
  private static final int TOKENS = 48;

  /** With an epsilon so large that a weight moves as its gradient says, and not by its sign. */
  private static final AdamW.Settings SETTINGS =
      new AdamW.Settings(0.9, 0.95, 1, 0.1, 1.0, GroupsConfig.DEFAULT);

  private static final ExecutorService THREADS = Executors.newFixedThreadPool(RANKS);
  private static List<Ranks> ranks = List.of();
  private static List<RankGroups> groups = List.of();

  @TempDir private Path folder;

  @BeforeAll
  @Timeout(60)
  static void join() throws Exception {
    String port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = Integer.toString(free.getLocalPort());
    }
    ranks =
        onEach(rank ->
            Ranks.join(
                Map.of(
                    "RANK",
                    Integer.toString(rank),
                    "WORLD_SIZE",
                    Integer.toString(RANKS),
                    "MASTER_ADDR",
                    "127.0.0.1",
                    "MASTER_PORT",
                    port),
                how -> {}));
    groups = onEach(rank -> ranks.get(rank).groups(new DistributedConfig(SHARING, 30)));
  }

  @AfterAll
  @Timeout(60)
  static void leave() throws Exception {
    onEach(rank -> {
      ranks.get(rank).close();
      return rank;
    });
    THREADS.shutdown();
  }

  /** Where one rank fails, the others learn of it instead of waiting. */
  private static <T> List<T> together(Function<Integer, T> work) throws Exception {
    return onEach(rank -> {
      AtomicReference<T> result = new AtomicReference<>();
      ranks.get(rank).run(() -> result.set(work.apply(rank)));
      return result.get();
    });
  }

  private static <T> List<T> onEach(Function<Integer, T> work) throws Exception {
    List<Future<T>> results = new ArrayList<>();
    for (int rank = 0; rank < RANKS; rank++) {
      int number = rank;
      results.add(THREADS.submit(() -> work.apply(number)));
    }
    List<T> values = new ArrayList<>();
    for (Future<T> result : results) {
      values.add(result.get());
    }
    return values;
  }

  /** Every form that experts have on disk, and every way through a routing layer. */
  static List<String> models() {
    return List.of(
        "deepseek_v3",
        "flex_olmo",
        "gpt_oss",
        "granitemoe",
        "llama4_text",
        "mixtral",
        "mixtral-fused",
        "qwen3_moe-fused");
  }

  /** What is known of a model after one step. */
  private record Step(double loss, double gradientNorm, Set<String> experts) {}

  /** How the ranks, or one process in their place, compute a step. */
  private record Manner(int workersPerRank, int microBatches, boolean recompute) {

    /** Pieces of text, one for each worker and micro-batch. */
    int pieces() {
      return RANKS * workersPerRank * microBatches;
    }

    int length() {
      return TOKENS / pieces();
    }

    long predicted() {
      return (long) pieces() * (length() - 1);
    }
  }

  /** Where a model is written before and after a step. */
  private record Written(Path before, Path after) {
    static Written in(Path folder) {
      Written written = new Written(folder.resolve("before"), folder.resolve("after"));
      createDirectories(written.before(), written.after());
      return written;
    }
  }

  private Step step(
      Path model, long[] ids, Manner manner, Written written, Team team, RankGroups group) {
    ModelInTraining loaded = ModelInTraining.load(model, team, SETTINGS, false, group);
    if (manner.recompute()) {
      loaded.decoder().recompute();
    }
    if (group.inFirstSet()) {
      loaded.write(written.before(), TrainerState.start(0, 1));
    }
    double[] losses = new double[team.size()];
    double[] norms = new double[team.size()];
    team.run(member -> {
      int worker = group.all().rank() * team.size() + member.index();
      for (int micro = 0; micro < manner.microBatches(); micro++) {
        int from = (worker * manner.microBatches() + micro) * manner.length();
        long[] piece = Arrays.copyOfRange(ids, from, from + manner.length());
        losses[member.index()] += backward(loaded, member, piece, manner.predicted(), micro > 0);
      }
      member.await();
      norms[member.index()] = loaded.optimizer().reduce(member);
      loaded.optimizer().update(member, 1, 1);
    });
    if (group.inFirstSet()) {
      loaded.write(written.after(), TrainerState.start(0, 1));
    }
    double loss = group.all().sum(Arrays.stream(losses).sum())[0];
    return new Step(loss, norms[0], experts(loaded));
  }

  private static double backward(
      ModelInTraining model, Team.Member member, long[] ids, long batchTokens, boolean accumulate) {
    int length = ids.length - 1;
    return model
        .decoder()
        .backward(
            member,
            Torch.tensor(Arrays.copyOf(ids, length), 1, length),
            Torch.tensor(Arrays.copyOfRange(ids, 1, length + 1), 1, length),
            batchTokens,
            accumulate)
        .crossEntropy();
  }

  private static Set<String> experts(ModelInTraining model) {
    Set<String> keys = new HashSet<>();
    model.decoder().weights().all().keySet().stream()
        .filter(tensor -> tensor.part().isExpert())
        .map(ModelTensor::key)
        .forEach(keys::add);
    Set<String> moments = new HashSet<>();
    model.optimizer().moments().keySet().stream()
        .filter(tensor -> tensor.part().isExpert())
        .map(ModelTensor::key)
        .forEach(moments::add);
    assertThat(moments).isEqualTo(keys);
    return keys;
  }

  private static void createDirectories(Path... directories) {
    try {
      for (Path directory : directories) {
        Files.createDirectories(directory);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void eachHoldsItsExpertsAndTogetherTheyTrainAsOne(String golden) throws Exception {
    requireTheSameStep(golden, new Manner(1, 1, false));
  }

  /** A shared expert beside the others, whose tokens travel meanwhile. */
  @ParameterizedTest
  @CsvSource({"1, 2, false", "1, 1, true", "1, 3, true", "2, 1, false", "2, 2, true"})
  void ranksTrainAsOneProcessInEveryManner(int workersPerRank, int microBatches, boolean recompute)
      throws Exception {
    requireTheSameStep("deepseek_v3", new Manner(workersPerRank, microBatches, recompute));
  }

  private void requireTheSameStep(String golden, Manner manner) throws Exception {
    Path model = Goldens.unpack(golden, folder);
    long[] ids;
    try (SafetensorsFile expected = SafetensorsFile.open(model.resolve(Goldens.EXPECTED))) {
      ids = expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    }
    Written alone = Written.in(folder.resolve("alone"));
    Written shared = Written.in(folder.resolve("shared"));
    Step one;
    try (Team team = new Team(RANKS * manner.workersPerRank())) {
      one = step(model, ids, manner, alone, team, RankGroups.ALONE);
    }
    List<Step> four =
        together(rank -> {
          try (Team team = new Team(manner.workersPerRank())) {
            return step(model, ids, manner, shared, team, groups.get(rank));
          }
        });
    for (Step rank : four) {
      assertThat(rank.loss()).isEqualTo(one.loss(), Offset.offset(1e-5));
      assertThat(rank.gradientNorm())
          .isEqualTo(one.gradientNorm(), Offset.offset(1e-4 * one.gradientNorm()));
    }
    for (int set = 0; set < RANKS; set += SHARING) {
      Set<String> first = four.get(set).experts();
      Set<String> second = four.get(set + 1).experts();
      assertThat(first).doesNotContainAnyElementsOf(second).hasSameSizeAs(second);
      assertThat(Stream.concat(first.stream(), second.stream()))
          .containsExactlyInAnyOrderElementsOf(one.experts());
    }
    requireSame(alone.before(), shared.before(), 0);
    requireSame(alone.after(), shared.after(), 1e-5);
    requireSameUpdates(alone, shared);
  }

  /** How far every weight moved. */
  private static void requireSameUpdates(Written alone, Written shared) {
    try (CheckpointDirectory before = CheckpointDirectory.open(alone.before());
        CheckpointDirectory one = CheckpointDirectory.open(alone.after());
        CheckpointDirectory other = CheckpointDirectory.open(shared.after())) {
      for (ModelTensor tensor : one.tensors()) {
        float[] start = floats(before, tensor);
        requireClose(
            tensor.name(),
            difference(floats(one, tensor), start),
            difference(floats(other, tensor), start),
            1e-4);
      }
    }
  }

  private static float[] floats(CheckpointDirectory model, ModelTensor tensor) {
    return Floats.read(model.data(tensor.name()), model.spec(tensor.name()).dtype());
  }

  private static float[] difference(float[] after, float[] before) {
    float[] difference = new float[after.length];
    for (int i = 0; i < after.length; i++) {
      difference[i] = after[i] - before[i];
    }
    return difference;
  }

  @Test
  void theMemoryPlanIsThatOfTheLargestPart() {
    String model = Goldens.unpack("mixtral", folder).toString();
    long[] parameters = new long[RANKS + 1];
    for (int sharing : List.of(1, SHARING, RANKS)) {
      ObjectNode settings =
          Json.MAPPER
              .createObjectNode()
              .put("model", model)
              .put("data", "corpus")
              .put("steps", 10)
              .put("workers", 1);
      List<String> overrides = List.of("distributed.expert_parallel_size=" + sharing);
      RunConfig config = RunConfig.read("test", settings, overrides);
      MemoryPlan.Phase phase = MemoryPlan.of(config).phases().getFirst();
      parameters[sharing] = phase.weights() / Float.BYTES;
      assertThat(phase.moments()).isEqualTo(2 * phase.weights());
    }
    try (CheckpointDirectory directory = CheckpointDirectory.open(Path.of(model))) {
      long experts =
          directory.tensors().stream()
              .filter(tensor -> tensor.part().isExpert())
              .mapToLong(ModelTensor::elements)
              .sum();
      assertThat(parameters[1] - parameters[SHARING]).isEqualTo(experts / SHARING);
      // Of three layers of 6 experts, ranks 1 and 2 have 5, the others 4.
      assertThat(parameters[1] - parameters[RANKS]).isEqualTo(experts - experts / 18 * 5);
    }
  }

  /** Weights, where nothing was computed yet, and else moments: of a tensor's norm. */
  private static void requireSame(Path expected, Path found, double tolerance) {
    try (CheckpointDirectory one = CheckpointDirectory.open(expected);
        CheckpointDirectory other = CheckpointDirectory.open(found)) {
      other.verifyChecksums();
      assertThat(one.files()).hasSize(1);
      assertThat(other.files()).hasSize(SHARING);
      if (tolerance == 0) {
        for (ModelTensor tensor : one.tensors()) {
          assertThat(other.data(tensor.name()).mismatch(one.data(tensor.name())))
              .as(tensor.name())
              .isEqualTo(-1);
        }
      }
    }
    try (OptimizerFiles one = OptimizerFiles.open(expected);
        OptimizerFiles other = OptimizerFiles.open(found)) {
      assertThat(one.files()).hasSize(1);
      assertThat(other.files()).hasSize(SHARING);
      assertThat(other.tensors().keySet()).hasSameElementsAs(one.tensors().keySet());
      for (String name : one.tensors().keySet()) {
        requireClose(name, floats(one, name), floats(other, name), tolerance);
      }
    }
  }

  private static float[] floats(OptimizerFiles files, String tensor) {
    return files.data(tensor).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }

  private static void requireClose(String name, float[] one, float[] other, double tolerance) {
    double norm = Math.sqrt(IntStream.range(0, one.length).mapToDouble(i -> one[i] * one[i]).sum());
    double distance =
        Math.sqrt(
            IntStream.range(0, one.length)
                .mapToDouble(i -> (double) other[i] - one[i])
                .map(difference -> difference * difference)
                .sum());
    assertThat(distance).as(name).isLessThanOrEqualTo(tolerance * norm + 1e-9);
  }

  /** Ranks 1 and 3 hold the same experts, and all ranks the rest. */
  @Test
  void ranksWithOtherWeightsAreFound() throws Exception {
    Path model = Goldens.unpack("mixtral", folder);
    List<List<Integer>> found =
        together(rank -> {
          try (Team team = new Team(1)) {
            ModelInTraining loaded =
                ModelInTraining.load(model, team, SETTINGS, false, groups.get(rank));
            List<Integer> atFirst = RankAgreement.othersByWeights(loaded.decoder());
            change(loaded, rank == 3, true);
            List<Integer> byExpert = RankAgreement.othersByWeights(loaded.decoder());
            change(loaded, rank == 2, false);
            List<Integer> byBoth = RankAgreement.othersByWeights(loaded.decoder());
            loaded.close();
            return Stream.of(atFirst, byExpert, byBoth).flatMap(List::stream).toList();
          }
        });
    assertThat(found).hasSize(RANKS).containsOnly(List.of(3, 2, 3));
  }

  private static void change(ModelInTraining loaded, boolean really, boolean expert) {
    if (really) {
      loaded.decoder().weights().all().entrySet().stream()
          .filter(entry -> entry.getKey().part().isExpert() == expert)
          .findFirst()
          .orElseThrow()
          .getValue()
          .add_(new Scalar(1));
    }
  }
}
