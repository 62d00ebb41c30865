package io.cambium.lab.experiment;

import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.ModelSizes;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import io.cambium.upcycle.dense.DenseSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/** The runs of one seed: those of the arms, and the sources that arms have in common. */
final class SeedPlan {

  static final String SOURCE_PREFIX = "source-";

  /** What trains on from the weights alone reads the corpus in another order than its source. */
  private static final long OTHER_ORDER = 1000;

  private static final int HASH_BYTES = 4;

  /** A run before it is known who else needs it. */
  private record Draft(
      String name, Start start, RunConfig config, SortedMap<Integer, Path> exports) {}

  private final Path out;
  private final long seed;
  private final List<Draft> drafts = new ArrayList<>();

  private SeedPlan(Path out, long seed) {
    this.out = out;
    this.seed = seed;
  }

  /** Plans the arms' runs; sources come before those that need them. */
  static List<PlannedRun> of(List<ArmSettings> arms, Path out, long seed) {
    SeedPlan plan = new SeedPlan(out, seed);
    // Those first that may be the source of others.
    arms.stream().filter(arm -> !plan.needsSource(arm)).forEach(plan::add);
    arms.stream().filter(plan::needsSource).forEach(plan::add);
    return plan.drafts.stream().map(plan::run).toList();
  }

  private boolean needsSource(ArmSettings arm) {
    return arm.growth() != null || arm.source().isPresent();
  }

  private void add(ArmSettings arm) {
    Start beginning = beginning(arm);
    if (arm.growth() != null && arm.upcycle() == null) {
      addGrowing(arm, beginning, arm.sourceConfig(beginning.directory(), seed));
      return;
    }
    Start dense = arm.source().isPresent() ? whereSourceEnds(arm, beginning) : beginning;
    Start start = experts(arm, dense);
    RunConfig ungrown = arm.ungrown(start.directory(), seed(dense));
    if (arm.growth() == null) {
      draft(arm.name(), start, ungrown);
    } else {
      addGrowing(arm, start, ungrown);
    }
  }

  /** An arm that branches from its source in order to grow at once. */
  private void addGrowing(ArmSettings arm, Start start, RunConfig source) {
    RunConfig whole = arm.config(start.directory(), source.seed(), false);
    int step = whole.growths().getFirst().step();
    Start.Saved saved = saved(start, source, step, arm.place());
    draft(arm.name(), saved, arm.config(saved.directory(), source.seed(), true));
  }

  private Start beginning(ArmSettings arm) {
    ModelSizes sizes = arm.sizes();
    if (sizes == null) {
      return new Start.Given(arm.model());
    }
    Path data = Path.of(arm.run().path("data").asString("")).toAbsolutePath().normalize();
    String name = "new-%s-seed-%d".formatted(hash(List.of(sizes, data.toString())), seed);
    return new Start.Fresh(out.resolve("models").resolve(name), sizes, data, seed);
  }

  /** The source is a whole run of its own. */
  private Start whereSourceEnds(ArmSettings arm, Start beginning) {
    RunConfig source = arm.sourceConfig(beginning.directory(), seed);
    return saved(beginning, source, source.steps(), arm.place());
  }

  private Start experts(ArmSettings arm, Start start) {
    DenseSettings settings = arm.upcycle();
    if (settings == null) {
      return start;
    }
    String name =
        "experts-%s-seed-%d"
            .formatted(
                hash(List.of(settings, start.directory().toString().replace("-seed-" + seed, ""))),
                seed);
    return new Start.Upcycled(out.resolve("models").resolve(name), start, settings, seed);
  }

  private long seed(Start start) {
    return start instanceof Start.Saved ? seed + OTHER_ORDER : seed;
  }

  private void draft(String name, Start start, RunConfig config) {
    drafts.add(new Draft(name, start, config, new TreeMap<>()));
  }

  /** A checkpoint of a run that exists anyway, or of a new one. */
  private Start.Saved saved(Start start, RunConfig config, int step, String place) {
    if (step > config.steps()) {
      throw new UsageException(
          place,
          "its source ends at step %d, before step %d".formatted(config.steps(), step),
          "give source.steps as many as growth.at, or more");
    }
    Draft source =
        sharing(start, config, config.steps())
            .or(() -> sharing(start, config, step))
            .orElseGet(() -> {
              draft(SOURCE_PREFIX + hash(start, YamlSettings.tree(config)), start, config);
              return drafts.getLast();
            });
    Path directory =
        source.exports.computeIfAbsent(
            step,
            at ->
                out.resolve("sources")
                    .resolve(
                        "%s-seed-%d-step-%06d"
                            .formatted(hash(start, SharedSteps.beginning(config, at)), seed, at)));
    return new Start.Saved(directory, source.name, step);
  }

  private Optional<Draft> sharing(Start start, RunConfig config, int steps) {
    return drafts.stream()
        .filter(
            draft -> draft.start.equals(start) && SharedSteps.agree(draft.config, config, steps))
        .findFirst();
  }

  private PlannedRun run(Draft draft) {
    boolean sourceOnly = draft.name.startsWith(SOURCE_PREFIX);
    return new PlannedRun(
        draft.name,
        seed,
        out.resolve("runs").resolve(draft.name).resolve("seed-" + seed),
        draft.start,
        draft.config,
        sourceOnly ? Collections.max(draft.exports.keySet()) : draft.config.steps(),
        Collections.unmodifiableSortedMap(draft.exports));
  }

  /**
   * Of the settings that all seeds have in common, so that a run has one name over the seeds. A
   * checkpoint's is that of the steps up to it alone: it stays, whichever run comes to be the
   * source as arms are added.
   */
  private String hash(Start start, ObjectNode settings) {
    settings.remove("seed");
    if (settings.get("growth") instanceof ObjectNode growth) {
      growth.remove("seed");
    }
    if (!(start instanceof Start.Given)) {
      String model = start.directory().toString().replace("-seed-" + seed, "");
      settings.put("model", model);
    }
    return hash(settings);
  }

  /** So that a name stays when arms are added to the file. */
  private static String hash(Object settings) {
    byte[] text = YamlSettings.text(settings).getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(Checksums.sha256(text), 0, HASH_BYTES);
  }
}
