package io.cambium.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.ModelSizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** From an experiment's file to its runs; nothing is trained. */
class ExperimentPlanTest {

  private static final String BASE =
      """
      model: {hidden: 16, experts: 4}
      data: corpus
      steps: 100
      workers: 2
      growth: {at: 30, experts: 8}
      """;

  @TempDir private Path folder;

  private ExperimentPlan plan(String rest) throws IOException {
    Files.writeString(folder.resolve("base.yaml"), BASE);
    Path file = Files.writeString(folder.resolve("try.yaml"), "base: base.yaml\n" + rest);
    return ExperimentPlan.of(Experiment.read(file), folder.resolve("out"));
  }

  private static List<String> names(ExperimentPlan plan) {
    return plan.runs().stream().map(PlannedRun::name).toList();
  }

  @Test
  void armsThatBranchAtTheSamePointShareOneSource() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [1, 2]
            arms:
              flat: {growth: {mode: flat}}
              cold: {growth: {mode: cold}, set: {release: {window: 0.4}}}
            """);
    assertThat(plan.runs()).hasSize(2 * 3);
    PlannedRun source = plan.runs().getFirst();
    assertThat(source.isSourceOnly()).isTrue();
    assertThat(source.lastStep()).isEqualTo(30);
    assertThat(plan.usersOf(source)).containsExactly("flat", "cold");
    assertThat(plan.steps()).isEqualTo(2 * (30 + 70 + 70));
    assertThat(plan.unsharedSteps()).isEqualTo(2 * 200);
    assertThat(plan.run(source.name(), 2).config().seed())
        .as("one name over the seeds")
        .isEqualTo(2);
    assertThat(plan.run("flat", 2).config().seed()).isEqualTo(2);
    assertThat(plan.run("flat", 2).config().branch()).isTrue();
  }

  @Test
  void anArmThatDoesNotGrowIsTheSourceOfThoseThatDo() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            arms:
              late: {growth: {at: 50}}
              early: {growth: {}}
              fixed-4: {}
              fixed-8: {model: {experts: 8}}
            """);
    assertThat(names(plan)).containsExactly("fixed-4", "fixed-8", "late", "early");
    assertThat(plan.run("fixed-4", 1).exports().keySet()).containsExactly(30, 50);
    assertThat(plan.steps()).isEqualTo(100 + 100 + 50 + 70);
    ArmSettings late = plan.experiment().arms().getFirst();
    assertThat(plan.fixedE(late)).map(ArmSettings::name).contains("fixed-4");
    assertThat(plan.fixedmE(late)).map(ArmSettings::name).contains("fixed-8");
  }

  @Test
  void budgetsShareWhatTheirSchedulesHaveInCommon() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            set: {schedule.warmup: 0}
            arms:
              long: {growth: {}}
              short: {growth: {}, set: {steps: 60}}
              cosine: {growth: {mode: flat}, set: {schedule: {form: cosine, decay: 0.5}}}
              other-rate: {growth: {}, set: {optimizer.learning_rate: 1.0e-2}}
              soon: {growth: {at: 10}, set: {schedule.warmup: 0.02}}
            """);
    PlannedRun source = plan.runs().getFirst();
    assertThat(plan.usersOf(source)).containsExactly("long", "short", "cosine");
    assertThat(plan.runs()).hasSize(5 + 3);
  }

  @Test
  void aSourceMayHaveSettingsOfItsOwn() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [3]
            arms:
              published:
                growth: {mode: flat, moments: reset}
                source: {steps: 30}
                set: {schedule.restart: rewarm}
              twice: {growth: {at: 60}, source: {growth: {at: 20, experts: 6}}}
              fixed-4: {}
            """);
    assertThat(plan.run("fixed-4", 3).exports()).isEmpty();
    Start.Saved annealed = (Start.Saved) plan.run("published", 3).start();
    assertThat(plan.run(annealed.run(), 3).config().steps()).isEqualTo(30);
    Start.Saved grown = (Start.Saved) plan.run("twice", 3).start();
    assertThat(plan.run(grown.run(), 3).config().growth())
        .isNotNull()
        .satisfies(growth -> assertThat(growth.seed()).isEqualTo(3));
    ArmSettings published = plan.experiment().arms().getFirst();
    assertThat(plan.fixedE(published)).map(ArmSettings::name).contains("fixed-4");
  }

  @Test
  void expertsOfADenseModelBeginWhereItsSourceEnds() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            set: {balance.rate: 0}
            source: {steps: 40}
            arms:
              dense: {model: {family: llama, layers: 2, dense_layers: 2}}
              copy: {model: {family: llama, layers: 2, dense_layers: 2}, upcycle: {experts: 4}}
              drop:
                model: {family: llama, layers: 2, dense_layers: 2}
                upcycle: {experts: 4, init: drop}
            """);
    assertThat(plan.runs()).hasSize(4);
    assertThat(plan.usersOf(plan.runs().getFirst())).containsExactly("dense", "copy", "drop");
    PlannedRun copy = plan.run("copy", 1);
    assertThat(copy.start()).isInstanceOf(Start.Upcycled.class);
    assertThat(copy.config().branch()).isFalse();
    assertThat(copy.config().seed()).as("reads on, not again").isNotEqualTo(1);
    assertThat(plan.steps()).isEqualTo(40 + 3 * 100);
  }

  @Test
  void addingAnArmLeavesTheOthersWhereTheyAre() throws IOException {
    String arms = "seeds: [1]\narms:\n  flat: {growth: {mode: flat}}\n";
    PlannedRun before = plan(arms).run("flat", 1);
    PlannedRun after = plan(arms + "  fixed-4: {}\n").run("flat", 1);
    assertThat(after.config()).isEqualTo(before.config());
  }

  @Test
  void aCheckpointKeepsItsNameWhicheverRunComesToLeaveIt() throws IOException {
    String brief = "  brief: {growth: {}, set: {steps: 60}}\n";
    String head = "seeds: [1]\nset: {schedule.warmup: 0}\narms:\n";
    PlannedRun alone = plan(head + brief).run("brief", 1);
    PlannedRun after = plan(head + "  full: {growth: {}}\n" + brief).run("brief", 1);
    assertThat(after.start()).isNotEqualTo(alone.start());
    assertThat(after.config()).isEqualTo(alone.config());
  }

  @Test
  void newModelsAreSharedOnOneCorpusOnly() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            arms:
              one: {}
              same: {set: {steps: 50}}
              other: {set: {data: another-corpus}}
            """);
    assertThat(plan.run("same", 1).start()).isEqualTo(plan.run("one", 1).start());
    assertThat(plan.run("other", 1).start().directory())
        .isNotEqualTo(plan.run("one", 1).start().directory());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seed: [1] | seed: unknown; did you mean seeds?",
        "'seeds: [1, 1]\narms: {a: {}}' | seeds: are [1,1]",
        "'seeds: [1]\narms: {}' | arms: holds no arm",
        "'seeds: [1]\narms: {a: {grwth: {}}}' | try.yaml: arms.a: grwth: unknown; did you mean growth?",
        "'seeds: [1]\narms: {a: {growth: {mod: flat}}}' | arms.a: growth.mod: unknown; did you mean"
            + " mode?",
        "'seeds: [1]\narms: {a: {model: {exprts: 3}}}' | arms.a: model: exprts: unknown",
        "'seeds: [1]\narms: {a: {set: {stepz: 3}}}' | arms.a: stepz: unknown; did you mean steps?",
        "'seeds: [1]\narms: {a: {set: {growth.at: 3}}}' | write it below growth",
        "'seeds: [1]\narms: {a: {set: {seed: 3}}}' | set.seed: comes from seeds",
        "'seeds: [1]\narms: {a: {growth: 3}}' | growth: is 3, not a section",
        "'seeds: [1]\narms: {a: {upcycle: {init: drp}}}' | \"drp\" is no initialisation",
        "'seeds: [1]\narms: {a/b: {}}' | arms.a/b: is no name for an arm",
        "'seeds: [1]\narms: {a: {growth: {at: 50}, source: {steps: 40}}}' | its source ends at step 40",
        "'seeds: [1]\narms: {a: {growth: {seed: 3}}}' | arms.a: growth.seed: comes from seeds",
        "'seeds: [1]\narms: {a: {source: {seed: 3}}}' | arms.a: source.seed: comes from seeds",
        "'seeds: [1]\narms: {a: {source: {growth: {seed: 3}}}}' | source.growth.seed: comes from seeds",
        "'seeds: [1]\narms: {a: {source: {model: m}}}' | arms.a: source.model: is not set here",
        "'seeds: [1]\nsource: {seed: 3}\narms: {a: {}}' | source.seed: comes from seeds",
        "'seeds: [1]\narms: {a: {set: {upcycle.experts: 3}}}' | write it below upcycle"
      })
  void refusesWithPlaceAndRemedy(String rest, String message) {
    assertThatThrownBy(() -> plan(rest))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("try.yaml: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "growth: {at: 50, experts: 8, rows: copy}} | {growth: {mode: flat}}",
        "growth: {at: 50, experts: 8, replica_amount: 0.3}} | {growth: {replicas: drop}}",
        "upcycle: {experts: 4, noise: 0.01}} | {upcycle: {init: duplicate-noise}}"
      })
  void whatABaseSaysNeedsToFitInItsArmsOnly(String parts) throws IOException {
    String[] both = parts.split(" \\| ");
    Path file = folder.resolve("inline.yaml");
    Files.writeString(
        file,
        "base: {data: corpus, steps: 100, %s\nseeds: [1]\narms: {a: %s}\n"
            .formatted(both[0], both[1]));
    assertThat(Experiment.read(file)).isNotNull();
  }

  /** Whether or not an arm uses what is wrong. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "step: 3 | base: settings: step: unknown; did you mean steps?",
        "growth: {mod: flat} | base: growth: mod: unknown; did you mean mode?",
        "growth: {at: -1} | growth.at",
        "growth: {seed: 3} | base.growth.seed: comes from seeds",
        "upcycle: {expert: 4} | base: upcycle: expert: unknown; did you mean experts?",
        "seed: 3 | base.seed: comes from seeds",
      })
  void refusesABaseOfItsOwn(String wrong, String message) throws IOException {
    Path file = folder.resolve("inline.yaml");
    Files.writeString(
        file, "base: {data: corpus, %s}\nseeds: [1]\narms: {a: {}}\n".formatted(wrong));
    assertThatThrownBy(() -> Experiment.read(file))
        .hasMessageContaining("inline.yaml: ")
        .hasMessageContaining(message);
  }

  @Test
  void anArmsSourceIsOverThatOfTheFile() throws IOException {
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            source: {steps: 40, optimizer.learning_rate: 1.0e-2}
            arms:
              as-the-file-says: {}
              longer: {source: {steps: 50}}
              none: {source: null}
            """);
    assertThat(source(plan, "as-the-file-says").config().steps()).isEqualTo(40);
    assertThat(source(plan, "longer").config())
        .satisfies(config -> assertThat(config.steps()).isEqualTo(50))
        .satisfies(config -> assertThat(config.optimizer().learningRate()).isEqualTo(1e-2));
    assertThat(plan.run("none", 1).start()).isInstanceOf(Start.Fresh.class);
  }

  private static PlannedRun source(ExperimentPlan plan, String arm) {
    return plan.run(((Start.Saved) plan.run(arm, 1).start()).run(), 1);
  }

  @Test
  void modelsThatTheFileNamesHaveTheirBaselinesToo() throws IOException {
    Path four = config("four", 4, 2);
    Path eight = config("eight", 8, 2);
    Path wider = config("wider", 8, 4);
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            arms:
              grown: {model: %1$s, growth: {}}
              wider: {model: %3$s}
              fixed-8: {model: %2$s}
              fixed-4: {model: %1$s}
            """
                .formatted(four, eight, wider));
    ArmSettings grown = plan.experiment().arms().getFirst();
    assertThat(plan.fixedE(grown)).map(ArmSettings::name).contains("fixed-4");
    assertThat(plan.fixedmE(grown)).map(ArmSettings::name).contains("fixed-8");
  }

  private Path config(String name, int experts, int topK) throws IOException {
    ObjectNode config = ModelSizes.DEFAULT.withExperts(experts).config(300);
    Path model = Files.createDirectory(folder.resolve(name));
    Files.write(model.resolve("config.json"), Json.bytes(config.put("num_experts_per_tok", topK)));
    return model;
  }

  /** Two copies, each cut in two, are four experts; they grow to eight, which are four copies. */
  @Test
  void baselinesOfUpcycledModelsCountTheExpertsThatCopiesAreCutInto() throws IOException {
    String dense = "model: /dense, set: {balance.rate: 0}, upcycle: {granularity: 2, experts: ";
    ExperimentPlan plan =
        plan(
            """
            seeds: [1]
            arms:
              grown: {%1$s2}, growth: {}}
              fixed-4: {%1$s2}}
              fixed-16: {%1$s8}}
              fixed-8: {%1$s4}}
              uneven: {%1$s2}, growth: {experts: 7}}
            """
                .formatted(dense));
    List<ArmSettings> arms = plan.experiment().arms();
    assertThat(plan.fixedE(arms.getFirst())).map(ArmSettings::name).contains("fixed-4");
    assertThat(plan.fixedmE(arms.getFirst())).map(ArmSettings::name).contains("fixed-8");
    assertThat(plan.fixedmE(arms.getLast())).isEmpty();
  }
}
