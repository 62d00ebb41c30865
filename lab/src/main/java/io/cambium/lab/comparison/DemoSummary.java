package io.cambium.lab.comparison;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.cambium.checkpoint.AtomicFile;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.GapClosure;
import io.cambium.lab.LargestRise;
import io.cambium.lab.LoadBalance;
import io.cambium.lab.RunHistory;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * What the demo measured: the terminal's table, summary.json and the report are all made from it.
 *
 * @param saving 1 - expert-steps of the grown model / those of the large one
 * @param rows one per arm, in the order given
 */
@JsonNaming(SnakeCaseStrategy.class)
public record DemoSummary(GapClosure gapClosure, double saving, List<Row> rows) {

  public static final String FILE_NAME = "summary.json";

  /**
   * One model. Losses are nats per token at its last evaluation.
   *
   * @param experts routed experts per layer at the end
   * @param tokens training tokens at that evaluation
   * @param seconds wall time of training, the shared source included
   * @param loss by domain
   * @param meanLoss mean over the domains
   * @param growth absent for a model that never grew
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Row(
      Arm.Role role,
      String name,
      int experts,
      long tokens,
      double seconds,
      long expertSteps,
      SortedMap<String, Double> loss,
      double meanLoss,
      LoadBalance load,
      @Nullable Grown growth) {

    /** Whether the losses are those of the source, as no evaluation came after the growth. */
    @JsonProperty("evaluated_before_growth")
    public boolean evaluatedBeforeGrowth() {
      return growth != null && tokens <= growth.tokens();
    }

    /** Of the mean loss, so the geometric mean over the domains. */
    @JsonProperty("perplexity")
    public double perplexity() {
      return Math.exp(meanLoss);
    }
  }

  /**
   * What growing did at once, and while it annealed.
   *
   * @param tokens that the model had seen when it grew
   * @param followedSteps the steps over which the growth is followed: those of its release in the
   *     demo, all that are left in an experiment
   * @param largestRise over the ungrown model; absent where the window holds no evaluation
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Grown(
      String mode,
      String rows,
      int sourceExperts,
      long tokens,
      long followedSteps,
      double lossBefore,
      double lossAfter,
      @Nullable LargestRise largestRise) {

    /** The loss jump at step 0, in nats. */
    @JsonProperty("jump")
    public double jump() {
      return lossAfter - lossBefore;
    }
  }

  public DemoSummary {
    rows = List.copyOf(rows);
  }

  /**
   * Measures the arms.
   *
   * @throws UsageException unless there is exactly one arm of each role but {@link
   *     Arm.Role#OBSERVED}, the three were last evaluated at equal tokens, all on the same domains,
   *     and the upcycled one grew
   */
  public static DemoSummary of(List<Arm> arms) {
    RunHistory fixedE = only(Arm.Role.FIXED_E, arms);
    RunHistory upcycled = only(Arm.Role.UPCYCLED, arms);
    RunHistory fixedmE = only(Arm.Role.FIXED_ME, arms);
    requireEqualTokens(List.of(fixedE, upcycled, fixedmE));
    requireSameDomains(arms);
    GapClosure closure =
        GapClosure.ofOneSeed(
            new GapClosure.Losses(loss(fixedE), loss(upcycled), loss(fixedmE)),
            GapClosure.scatter(fixedE, fixedmE));
    double saving = 1 - (double) upcycled.expertSteps() / fixedmE.expertSteps();
    long window =
        upcycled
            .growth()
            .map(Metric.Growth::windowSteps)
            .orElseThrow(
                () -> new UsageException(upcycled.directory(), "never grew", "let it grow"));
    return new DemoSummary(
        closure, saving, arms.stream().map(arm -> row(arm, fixedE, window)).toList());
  }

  /** The finding in one sentence. */
  @JsonProperty("finding")
  public String finding() {
    return Finding.sentence(this);
  }

  /** The first row of that role. */
  public Row row(Arm.Role role) {
    return rows.stream().filter(row -> row.role() == role).findFirst().orElseThrow();
  }

  /** Writes {@value #FILE_NAME} into a directory. */
  public void write(Path directory) {
    AtomicFile.write(directory.resolve(FILE_NAME), Json.bytes(this));
  }

  private static Row row(Arm arm, RunHistory fixedE, long windowSteps) {
    RunHistory run = arm.history();
    Metric.Evaluation last = run.finalEvaluation();
    return new Row(
        arm.role(),
        arm.name(),
        run.experts(),
        last.tokens(),
        run.seconds(),
        run.expertSteps(),
        last.loss(),
        last.meanLoss(),
        LoadBalance.atEnd(run),
        run.growth().map(growth -> grown(growth, run, fixedE, windowSteps)).orElse(null));
  }

  private static Grown grown(
      Metric.Growth growth, RunHistory run, RunHistory fixedE, long windowSteps) {
    return new Grown(
        growth.mode(),
        growth.rows(),
        growth.sourceExperts(),
        growth.tokens(),
        windowSteps,
        growth.lossBefore(),
        growth.lossAfter(),
        LargestRise.of(run, fixedE, windowSteps).orElse(null));
  }

  private static RunHistory only(Arm.Role role, List<Arm> arms) {
    List<Arm> found = arms.stream().filter(arm -> arm.role() == role).toList();
    if (found.size() != 1) {
      throw new UsageException(null, found.size() + " arms have the role " + role, "give one");
    }
    return found.getFirst().history();
  }

  private static void requireEqualTokens(List<RunHistory> runs) {
    if (runs.stream().map(run -> run.finalEvaluation().tokens()).distinct().count() != 1) {
      throw new UsageException(
          null,
          "the runs were last evaluated at different tokens: "
              + String.join(", ", runs.stream().map(DemoSummary::lastEvaluated).toList()),
          "gap closure compares models at equal total tokens");
    }
  }

  private static void requireSameDomains(List<Arm> arms) {
    Set<String> domains = arms.getFirst().history().finalEvaluation().loss().keySet();
    for (Arm arm : arms) {
      Set<String> own = arm.history().finalEvaluation().loss().keySet();
      if (!own.equals(domains)) {
        throw new UsageException(
            arm.history().directory(),
            "was evaluated on " + own + ", " + arms.getFirst().name() + " on " + domains,
            "evaluate all arms on the same corpus");
      }
    }
  }

  private static String lastEvaluated(RunHistory run) {
    return run.directory() + " at " + run.finalEvaluation().tokens();
  }

  private static double loss(RunHistory run) {
    return run.finalEvaluation().meanLoss();
  }
}
