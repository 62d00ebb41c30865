package io.cambium.lab;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.lab.comparison.Arm;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import io.cambium.training.metrics.TensorBoardWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Run directories as the demo leaves them, with numbers made up to look like those of a run of six
 * million tokens: nothing is trained.
 */
public final class SyntheticDemo {

  static final List<String> DOMAINS =
      List.of(
          "europarl-de",
          "europarl-el",
          "europarl-es",
          "europarl-fi",
          "europarl-fr",
          "gloss",
          "java",
          "legal");
  private static final double[] FLOOR = {2.95, 1.75, 2.85, 3.2, 2.7, 3.35, 1.85, 1.6};
  private static final List<Integer> LAYERS = List.of(1, 2, 3);
  private static final int TOKENS_PER_STEP = 4096;

  private static final int STEPS = 1464;
  private static final int GROWTH = 488;
  private static final int WINDOW = 196;
  private static final int DECAY = 1318;
  private static final int EVALUATE_EVERY = 28;
  private static final int E = 8;
  private static final int GROWN_E = 32;

  private final Path root;
  private final double closed;

  private SyntheticDemo(Path root, double closed) {
    this.root = root;
    this.closed = closed;
  }

  /**
   * Writes the run directories of a demo.
   *
   * @param closed the share of the gap that growing is to close
   */
  public static SyntheticDemo write(Path root, double closed) {
    SyntheticDemo demo = new SyntheticDemo(root, closed);
    demo.run("source", 1, 0, GROWTH, E, null);
    demo.run("fixed-8", 2, GROWTH, STEPS, E, null);
    demo.run("grown", 3, GROWTH, STEPS, GROWN_E, demo.growth("lineage", "split", 0));
    demo.run("scratch-32", 4, 0, STEPS, GROWN_E, null);
    demo.run("flat", 5, GROWTH, GROWTH + WINDOW, GROWN_E, demo.growth("flat", "copy", 0.2));
    demo.writeManifest(demo.checkpoint());
    return demo;
  }

  public List<Arm> arms() {
    RunHistory source = RunHistory.read(root.resolve("source"));
    return List.of(
        new Arm(Arm.Role.FIXED_E, "8 experts, continued", branch("fixed-8", source)),
        new Arm(Arm.Role.UPCYCLED, "8 to 32 experts, lineage", branch("grown", source)),
        new Arm(
            Arm.Role.FIXED_ME,
            "32 experts from scratch",
            RunHistory.read(root.resolve("scratch-32"))),
        new Arm(Arm.Role.OBSERVED, "8 to 32 experts, flat", branch("flat", source)));
  }

  /** A directory that holds the grown model's cambium.json, and no weights. */
  public Path checkpoint() {
    return root.resolve("final");
  }

  private RunHistory branch(String name, RunHistory source) {
    return RunHistory.read(root.resolve(name)).branchedFrom(source);
  }

  private Metric.Growth growth(String mode, String rows, double jump) {
    double before = round(meanLoss(GROWTH, "source"));
    return new Metric.Growth(
        GROWTH,
        (long) GROWTH * TOKENS_PER_STEP,
        mode,
        rows,
        E,
        GROWN_E,
        before,
        round(before + jump),
        mode.equals("flat") ? 0 : WINDOW);
  }

  private void run(
      String name, int seed, int first, int last, int experts, Metric.@Nullable Growth growth) {
    Path directory = root.resolve(name);
    SplittableRandom random = new SplittableRandom(seed);
    try {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve("run.yaml"), yaml(name, experts));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (MetricsLog log = MetricsLog.create(directory.resolve(MetricsLog.FILE_NAME));
        TensorBoardWriter events =
            TensorBoardWriter.create(directory.resolve("tensorboard"), new Clock())) {
      for (Metric metric : events(name, first, last, experts, growth, random)) {
        log.append(metric);
        events.write(metric);
      }
    }
  }

  /** As the trainer logs them: a growth is evaluated before and after. */
  private List<Metric> events(
      String name,
      int first,
      int last,
      int experts,
      Metric.@Nullable Growth growth,
      SplittableRandom random) {
    List<Metric> events = new ArrayList<>();
    if (growth != null) {
      events.add(evaluation(first, "source", E, false, random));
      events.add(growth);
      events.add(evaluationAfter(growth, name, random));
    }
    for (int step = first + 1; step <= last; step++) {
      events.add(train(step, first, name, experts, random));
      if (step % EVALUATE_EVERY == 0 || step == last) {
        events.add(evaluation(step, name, experts, growth != null, random));
      }
    }
    return events;
  }

  /** Its mean is the loss that the growth itself tells. */
  private Metric.Evaluation evaluationAfter(
      Metric.Growth growth, String name, SplittableRandom random) {
    Metric.Evaluation drawn = evaluation(GROWTH, name, GROWN_E, true, random);
    return new Metric.Evaluation(
        drawn.step(),
        drawn.tokens(),
        drawn.loss(),
        growth.lossAfter(),
        drawn.siblingCoselection(),
        drawn.routing(),
        drawn.deadExperts(),
        0,
        drawn.unhealthyLayers(),
        drawn.health());
  }

  private Metric.Train train(
      int step, int first, String name, int experts, SplittableRandom random) {
    List<List<Double>> load = new ArrayList<>();
    for (int layer = 0; layer < LAYERS.size(); layer++) {
      load.add(load(step, first, layer, experts, random));
    }
    double loss = meanLoss(step, name) - 0.02 + 0.06 * random.nextGaussian();
    return new Metric.Train(
        step,
        (long) step * TOKENS_PER_STEP,
        round(loss),
        round(learningRate(step)),
        round(0.4 + 2.0 / Math.sqrt(step) + 0.05 * random.nextDouble()),
        Math.rint(27_500 + 1_500 * random.nextGaussian()),
        round(step * 0.149),
        balance(load).stream().map(Balance::maxVio).toList(),
        balance(load),
        load);
  }

  private static List<Balance> balance(List<List<Double>> load) {
    return load.stream()
        .map(shares -> {
          double[] load_E = shares.stream().mapToDouble(x -> x).toArray();
          return Balance.of(load_E, IntStream.range(0, load_E.length).toArray());
        })
        .toList();
  }

  /** Uneven at first, evened out by the balancer, with a bump where replicas begin to differ. */
  private static List<Double> load(
      int step, int first, int layer, int experts, SplittableRandom random) {
    double unrest =
        first == 0 ? 1.1 * Math.exp(-step / 60.0) : 0.5 * Math.exp(-(step - first) / 120.0);
    double[] load_E = new double[experts];
    for (int expert = 0; expert < experts; expert++) {
      double own = Math.sin(expert * 2.3 + layer * 1.7 + step / 210.0) * (unrest + 0.12);
      load_E[expert] = Math.exp(own + 0.1 * random.nextGaussian());
    }
    if (experts == GROWN_E && layer == 1 && first == GROWTH) {
      load_E[21] *= Math.max(0.02, 1 - (step - first) / 500.0);
    }
    return shares(load_E);
  }

  private Metric.Evaluation evaluation(
      int step, String name, int experts, boolean grown, SplittableRandom random) {
    SortedMap<String, Double> loss = new TreeMap<>();
    for (int d = 0; d < DOMAINS.size(); d++) {
      loss.put(DOMAINS.get(d), round(loss(step, d, name) + 0.0015 * random.nextGaussian()));
    }
    double mean = loss.values().stream().mapToDouble(x -> x).average().orElseThrow();
    return new Metric.Evaluation(
        step,
        (long) step * TOKENS_PER_STEP,
        loss,
        round(mean),
        grown ? coselection(step, name) : null,
        routing(step, experts, random),
        0,
        1,
        List.of(),
        List.of());
  }

  private static double coselection(int step, String name) {
    double since = (double) (step - GROWTH) / WINDOW;
    if (name.equals("flat")) {
      return round(0.99 - 0.3 * Math.min(1, since));
    }
    return since < 0.2
        ? 0
        : round(Math.min(1, (since - 0.2) / 0.8) * 0.44 - 0.08 * Math.max(0, (since - 1) / 4));
  }

  /** Experts settle on domains as training goes on. */
  private static Metric.Routing routing(int step, int experts, SplittableRandom random) {
    double sharpness = 1.6 * step / STEPS;
    List<List<List<Double>>> share = new ArrayList<>();
    for (int layer = 0; layer < LAYERS.size(); layer++) {
      List<List<Double>> domains = new ArrayList<>();
      for (int domain = 0; domain < DOMAINS.size(); domain++) {
        double[] share_E = new double[experts];
        for (int expert = 0; expert < experts; expert++) {
          int parent = expert % E;
          boolean family = (parent * 3 + layer) % DOMAINS.size() == domain;
          boolean own = (expert * 5 + layer * 3) % DOMAINS.size() == domain;
          double taste = (family ? 1 : 0) + (own && experts == GROWN_E ? 1.2 : 0);
          share_E[expert] = Math.exp(sharpness * taste + 0.25 * random.nextGaussian());
        }
        domains.add(shares(share_E));
      }
      share.add(domains);
    }
    return new Metric.Routing(LAYERS, DOMAINS, share);
  }

  private double meanLoss(int step, String name) {
    return IntStream.range(0, DOMAINS.size())
        .mapToDouble(domain -> loss(step, domain, name))
        .average()
        .orElseThrow();
  }

  private double loss(int step, int domain, String name) {
    double learned = FLOOR[domain] + (8.3 - FLOOR[domain]) * Math.pow(1 + step / 6.0, -0.55);
    double annealed = Math.max(0, step - DECAY) / (double) (STEPS - DECAY) * 0.09;
    double capacity = 0.052 * step / STEPS;
    double slowStart = 0.12 * Math.exp(-step / 150.0);
    double since = Math.max(0, step - GROWTH) / (double) (STEPS - GROWTH);
    double release =
        step < GROWTH ? 0 : 0.028 * Math.exp(-Math.pow((step - GROWTH - 0.8 * WINDOW) / 95.0, 2));
    double jump = 0.18 * Math.exp(-(step - GROWTH) / 45.0);
    return switch (name) {
      case "scratch-32" -> learned - annealed - capacity + slowStart;
      case "grown" -> learned - annealed - 0.052 * closed * Math.min(1, 1.25 * since) + release;
      case "flat" -> learned - 0.052 * closed * since + jump + 0.02;
      default -> learned - annealed;
    };
  }

  private static double learningRate(int step) {
    double warm = Math.min(1, step / 60.0);
    return 2e-3 * warm * Math.min(1, (STEPS - step + 1.0) / (STEPS - DECAY));
  }

  private static List<Double> shares(double[] weights) {
    double sum = DoubleStream.of(weights).sum();
    return Arrays.stream(weights).mapToObj(weight -> round(weight / sum)).toList();
  }

  private static double round(double value) {
    return Math.rint(value * 1e6) / 1e6;
  }

  private static String yaml(String name, int experts) {
    return """
    # resolved configuration of %s
    model:
      family: glm4_moe
      hidden_size: 128
      layers: 4
      experts: %d
      top_k: 2
      intermediate_size: 128
    data: {corpus: corpora/demo, sequence: 128, batch: 32}
    optimizer: {lr: 0.002, weight_decay: 0.1, clip: 1.0}
    schedule: {kind: warmup-stable-decay, steps: %d, warmup: 60, decay: 0.1}
    balancing: {kind: loss-free, rate: 0.001}
    growth: {at: 0.33, experts: 32, mode: lineage, rows: split, row_delta: 0.6, window: 0.2}
    seed: 1
    """
        .formatted(name, experts, STEPS);
  }

  private void writeManifest(Path directory) {
    List<Integer> parents = IntStream.range(0, GROWN_E).mapToObj(expert -> expert % E).toList();
    SortedMap<Integer, List<Integer>> byLayer = new TreeMap<>();
    LAYERS.forEach(layer -> byLayer.put(layer, parents));
    Manifest manifest =
        Manifest.EMPTY.withGrowth(
            new Manifest.Growth(
                "lineage",
                "split",
                0.6,
                0,
                "copy",
                0,
                "copy",
                1,
                (long) GROWTH,
                E,
                GROWN_E,
                byLayer),
            null);
    try {
      Files.createDirectories(directory);
      Files.write(directory.resolve(Manifest.FILE_NAME), Json.bytes(manifest));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A second passes at every reading. */
  private static final class Clock implements InstantSource {

    private Instant now = Instant.ofEpochSecond(1_800_000_000);

    @Override
    public Instant instant() {
      now = now.plus(Duration.ofSeconds(1));
      return now;
    }
  }
}
