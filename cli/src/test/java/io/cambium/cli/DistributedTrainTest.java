package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One run trained by several processes, as torchrun starts them. */
@Timeout(120)
class DistributedTrainTest {

  private static final Offset<Double> WITHIN = Offset.offset(1e-4);

  @TempDir private static Path folder;

  private static Path yaml = Path.of("");
  private static Path alone = Path.of("");

  @BeforeAll
  static void prepare() throws IOException {
    TinyRun.prepare(folder);
    yaml =
        Files.writeString(
            folder.resolve("run.yaml"),
            """
            model: %s
            data: %s
            steps: 22
            workers: 1
            batch: {sequences: 5, length: 16, micro_batch: 5}
            balance: {aux_loss: 0.5}
            evaluate: {every: 10, sequences: 3}
            checkpoint: {every: 5, keep: 9}
            release: {window: 0.5, hold: 0.2, agreement: 0.1}
            growth: {at: 9, experts: 7, calibration_batches: 2, counts: greedy, score: fisher}
            """
                .formatted(folder.resolve("model"), folder.resolve("corpus")));
    alone = alone("alone");
  }

  /** All ranks of a run, and where each leaves what it says. */
  private record Job(List<Process> ranks, Path out) {

    static Job start(int size, String name, String... settings) throws IOException {
      Path out = folder.resolve(name);
      String port;
      try (ServerSocket free = new ServerSocket(0)) {
        port = Integer.toString(free.getLocalPort());
      }
      List<Process> ranks = new ArrayList<>();
      for (int rank = 0; rank < size; rank++) {
        String[] args = {"train", yaml.toString(), "--out", out.toString()};
        ProcessBuilder process =
            TinyRun.process(List.of(), log(out, rank), TinyRun.with(args, settings));
        process.environment().put("RANK", Integer.toString(rank));
        process.environment().put("WORLD_SIZE", Integer.toString(size));
        process.environment().put("MASTER_ADDR", "127.0.0.1");
        process.environment().put("MASTER_PORT", port);
        ranks.add(process.start());
      }
      return new Job(ranks, out);
    }

    private static Path log(Path out, int rank) {
      return out.resolveSibling(out.getFileName() + "-" + rank + ".log");
    }

    String said(int rank) throws IOException {
      return Files.readString(log(out, rank));
    }

    void requireDone() throws Exception {
      for (int rank = 0; rank < ranks.size(); rank++) {
        assertThat(ranks.get(rank).waitFor()).as(said(rank)).isZero();
      }
    }

    void awaitStep(long step) throws Exception {
      TinyRun.awaitStep(ranks.getFirst(), out, step, log(out, 0));
    }

    /** Kills one rank; the others must end, and say which it was. */
    void kill(int victim, String message) throws Exception {
      ranks.get(victim).destroyForcibly().waitFor();
      for (int rank = 0; rank < ranks.size(); rank++) {
        if (rank != victim) {
          assertThat(ranks.get(rank).waitFor(30, TimeUnit.SECONDS)).as(said(rank)).isTrue();
          assertThat(ranks.get(rank).exitValue()).as(said(rank)).isEqualTo(1);
          assertThat(said(rank)).contains(message).contains("start the ranks again with --resume");
        }
      }
    }
  }

  private static <M extends Metric> List<M> events(Path run, Class<M> type) {
    return MetricsLog.read(run.resolve("metrics.jsonl")).stream()
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  private static Path alone(String name, String... settings) {
    Path out = folder.resolve(name);
    String[] args = {"train", yaml.toString(), "--out", out.toString()};
    TinyRun.run(TinyRun.with(args, settings));
    return out;
  }

  @Test
  void ranksWithAPartOfTheBatchTrainAsOneDoesThroughAGrowth() throws Exception {
    requireSame(Job.start(2, "replicas"));
  }

  /** They write a shard each, and one process reads them. */
  @Test
  void ranksWithAPartOfTheExpertsDoSoToo() throws Exception {
    Job sharing = Job.start(2, "sharing", "--set", "distributed.expert_parallel_size=2");
    requireSame(sharing);
    Path last = sharing.out().resolve("checkpoints/step-000022");
    assertThat(last.resolve("model-00002-of-00002.safetensors")).exists();
    TinyRun.run("inspect", last.toString(), "--check", "--checksums");
    alone("sharing", "--resume");
    assertThat(sharing.out().resolve("run.yaml")).content().contains("expert_parallel_size: 1");
  }

  /** The whole batch at a time: then the loss on the routers is that of the batch too. */
  private static void requireSame(Job two) throws Exception {
    two.requireDone();
    List<Metric.Train> expected = events(alone, Metric.Train.class);
    List<Metric.Train> found = events(two.out(), Metric.Train.class);
    assertThat(found).hasSameSizeAs(expected).hasSize(22);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.get(i).loss()).isEqualTo(expected.get(i).loss(), WITHIN);
      assertThat(found.get(i).gradNorm()).isEqualTo(expected.get(i).gradNorm(), WITHIN);
      assertSameShares(found.get(i).load(), expected.get(i).load());
    }
    assertThat(events(two.out(), Metric.Growth.class)).hasSize(1);
    List<Metric.Evaluation> evaluations = events(alone, Metric.Evaluation.class);
    assertThat(events(two.out(), Metric.Evaluation.class)).hasSameSizeAs(evaluations);
    for (int i = 0; i < evaluations.size(); i++) {
      Metric.Evaluation evaluation = events(two.out(), Metric.Evaluation.class).get(i);
      assertThat(evaluation.meanLoss()).isEqualTo(evaluations.get(i).meanLoss(), WITHIN);
      for (int layer = 0; layer < evaluation.routing().layers().size(); layer++) {
        assertSameShares(
            evaluation.routing().share().get(layer),
            evaluations.get(i).routing().share().get(layer));
      }
    }
    assertThat(two.said(0)).contains("done after 22 of 22 steps");
    assertThat(two.said(1).lines()).allMatch(line -> line.startsWith("[Gloo]"));
  }

  /** But for a token or two, whose best experts rounding may exchange. */
  private static void assertSameShares(List<List<Double>> found, List<List<Double>> expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int row = 0; row < found.size(); row++) {
      assertThat(found.get(row)).hasSameSizeAs(expected.get(row));
      for (int e = 0; e < found.get(row).size(); e++) {
        assertThat(found.get(row).get(e)).isEqualTo(expected.get(row).get(e), Offset.offset(0.03));
      }
    }
  }

  /** First a rank that listens, then the one that all listen to; in the end one goes on alone. */
  @Test
  void aRankThatIsKilledIsNamedAndTheRunGoesOnWithoutIt() throws Exception {
    String[] longer = {"--set", "steps=200", "--set", "growth=null"};
    Job first = Job.start(2, "killed", longer);
    first.awaitStep(20);
    first.kill(1, "error: rank 1 (");
    Job second = Job.start(3, "killed", TinyRun.with(longer, "--resume"));
    second.awaitStep(100);
    assertThat(second.said(0)).contains("ranks: 2 before, now 3");
    second.kill(0, "error: rank 0 (at 127.0.0.1) has ended without a word");
    Path out = alone("killed", TinyRun.with(longer, "--resume"));
    assertThat(events(out, Metric.Train.class))
        .hasSize(200)
        .extracting(Metric::step)
        .doesNotHaveDuplicates();
  }

  @Test
  void aTerminatedRankStopsAllAfterTheyHaveSaved() throws Exception {
    Job job = Job.start(2, "terminated", "--set", "steps=200", "--set", "growth=null");
    job.awaitStep(20);
    job.ranks().get(1).destroy();
    assertThat(job.ranks().get(1).waitFor()).isEqualTo(143);
    assertThat(job.ranks().get(0).waitFor()).as(job.said(0)).isZero();
    assertThat(job.said(0)).contains("stopped and saved after");
  }

  @Test
  void ranksWithOtherSettingsAreNamed() throws Exception {
    Job tooMany = Job.start(2, "many", "--set", "workers=3");
    for (int rank = 0; rank < 2; rank++) {
      assertThat(tooMany.ranks().get(rank).waitFor()).isPositive();
      assertThat(tooMany.said(rank))
          .contains("are 3 in each of 2 ranks, and have only 5 sequences");
    }
    assertThat(tooMany.out()).doesNotExist();
  }
}
