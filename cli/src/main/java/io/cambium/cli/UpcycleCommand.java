package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.TorchRunner;
import io.cambium.upcycle.Execution;
import io.cambium.upcycle.PlannedUpcycle;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.TokenIds;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Gives a checkpoint experts, or more of them: plans, writes and verifies. */
@Command(
    name = "upcycle",
    description = {
      "Makes a Mixture-of-Experts checkpoint of a dense one, or gives one with experts more of"
          + " them.",
      "",
      "Everything is planned and checked before the first byte is written; then the result is"
          + " reopened and its logits are compared with what is promised. The source stays as it"
          + " is."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium upcycle SmolLM2-135M moe --experts 8",
      "  cambium upcycle hf://HuggingFaceTB/SmolLM2-135M moe --experts 8",
      "  cambium upcycle SmolLM2-135M moe --experts 4 --granularity 2 --layers 1::2",
      "  cambium upcycle SmolLM2-135M moe --experts 8 --resume",
      "  cambium upcycle Qwen2-0.5B moe --experts 8 --init drop --dry-run",
      "  cambium upcycle Qwen2-0.5B moe --experts 8 --runs-on llama.cpp",
      "  cambium upcycle moe --source code --source prose --experts 4",
      "  cambium upcycle moe grown --experts 32",
      "  cambium upcycle moe grown --experts 32 --mode lineage --data corpus",
      "  cambium upcycle moe grown --experts 20 --replicas drop --seed 7",
      "  cambium upcycle moe grown --experts 32 --counts greedy --scores scores.safetensors"
    })
final class UpcycleCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Parameters(
      arity = "1..2",
      paramLabel = "[SOURCE] TARGET",
      hideParamSyntax = true,
      description = {
        "Checkpoint, dense or with experts, and the directory to write; TARGET alone with --source.",
        "SOURCE: a " + CheckpointArgument.FORMS + "."
      })
  private List<String> names;

  @Option(
      names = "--experts",
      required = true,
      paramLabel = "N",
      description =
          "Routed experts per layer afterwards; of a dense model, copies of each block (times"
              + " --granularity).")
  private int experts;

  @Option(
      names = "--drop-rate",
      paramLabel = "R",
      description = "Share of an expert's neurons that drop draws anew (default: 0.5).")
  private @Nullable Double dropRate;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Of everything drawn (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Corpus directory: for --rows split, --replicas adversarial and --router centroid, and"
              + " for the comparison of logits (else a page of text in the model's own tokens, or"
              + " random ones where it has no tokenizer).")
  private @Nullable Path data;

  @Option(
      names = "--runs-on",
      paramLabel = "ENGINES",
      description =
          "Engines that have to run the result, of transformers4, transformers5, vllm, llama.cpp,"
              + " separated by commas (default: both transformers for a dense model, none with"
              + " --router hash; a model with experts keeps its family, and --dry-run says who runs"
              + " it).")
  private @Nullable String runsOn;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads that write; the result does not depend on it (default: two for each core).")
  private int threads = Execution.DEFAULT.threads();

  @Option(
      names = "--verify",
      defaultValue = "logits",
      paramLabel = "WHAT",
      description =
          "logits (default): read everything back, then run both models; bytes: read back alone;"
              + " none: neither, and no checksums in cambium.json.")
  private Execution.Check check = Execution.Check.LOGITS;

  @Option(
      names = "--resume",
      description =
          "Go on with what an interrupted run of the same command left in TARGET.partial; begin"
              + " where it left nothing. Not with --overwrite.")
  private boolean resume;

  @Option(
      names = "--overwrite",
      description = "Replace an existing TARGET, and what an interrupted run left of it.")
  private boolean overwrite;

  @Option(names = "--dry-run", description = "Print the plan and write nothing.")
  private boolean dryRun;

  @Option(
      names = "--json",
      description = "With --dry-run: the whole plan with a formula for every tensor, as JSON.")
  private boolean json;

  @ArgGroup(exclusive = false, heading = "%nOf a dense model:%n", order = 1)
  private DenseArguments dense = new DenseArguments();

  @ArgGroup(exclusive = false, heading = "%nOf a model with experts:%n", order = 2)
  private GrowthArguments growth = new GrowthArguments();

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    requireSound();
    PrintWriter out = spec.commandLine().getOut();
    try (DownloadProgress progress = DownloadProgress.onStandardError();
        OpenedSources sources = OpenedSources.open(sources(), root.environment(), progress);
        PlannedUpcycle planned = plan(sources.models())) {
      UpcyclePlan plan = dryRun ? planned.measured() : planned.plan();
      progress.close();
      out.print(json ? new String(Json.bytes(plan), StandardCharsets.UTF_8) : plan.describe());
      out.flush();
      if (!dryRun) {
        execute(planned, out, progress);
      }
    }
    return 0;
  }

  /** Refuses what no source could make sense of, before one is opened. */
  private void requireSound() {
    if (json && !dryRun) {
      throw new UsageException("--json", "prints a plan", "give --dry-run with it");
    }
    if (threads < 1) {
      throw new UsageException("--threads", "is " + threads, "give at least 1");
    }
    if (resume && overwrite) {
      throw new UsageException(
          "--resume, --overwrite",
          "one goes on with what is there, the other begins anew",
          "give one of them; to go on where TARGET exists, move it away first");
    }
    if (resume && Files.exists(target())) {
      throw new UsageException(
          target(),
          "exists already, so that what goes on could not get its name",
          "move it away, or begin anew with --overwrite");
    }
  }

  private PlannedUpcycle plan(List<CheckpointSource> sources) {
    return hasExperts(sources.getFirst()) ? planGrowth(sources.getFirst()) : planDense(sources);
  }

  private PlannedUpcycle planGrowth(CheckpointSource source) {
    requireNone(dense.getClass(), source.path(), "has experts already");
    GrowthOptions options =
        growth.options(source, experts, dropRate, engines().orElse(List.of()), seed, overwrite);
    requireUseOfData(options.needsTokens());
    List<TokenIds> calibration = calibration(source);
    return Upcycler.plan(
        source, target(), options, new TorchRunner(), calibration, comparison(source, calibration));
  }

  private PlannedUpcycle planDense(List<CheckpointSource> sources) {
    CheckpointSource source = sources.getFirst();
    requireNone(growth.getClass(), source.path(), "is dense");
    requireUseOfData(dense.needsDomains());
    SequencedMap<String, List<TokenIds>> domains =
        data != null && dense.needsDomains()
            ? CalibrationTokens.domains(data, source, seed)
            : new LinkedHashMap<>();
    return Upcycler.planDense(
        dense.sources(sources),
        target(),
        dense.options(experts, dropRate, engines(), domains, seed, overwrite),
        new TorchRunner(),
        comparison(source, calibration(source)));
  }

  /** Refuses a corpus that nobody would look into. */
  private void requireUseOfData(boolean planned) {
    if (data != null && !planned && check != Execution.Check.LOGITS) {
      throw new UsageException(
          "--data",
          "means nothing here: these options need no text, and without --verify logits none is"
              + " compared on",
          "leave it out");
    }
  }

  private List<TokenIds> calibration(CheckpointSource source) {
    return data == null ? List.of() : CalibrationTokens.read(data, source, seed);
  }

  /** What the logits are compared on. */
  private List<TokenIds> comparison(CheckpointSource source, List<TokenIds> calibration) {
    return data == null && check == Execution.Check.LOGITS
        ? VerificationTokens.of(source)
        : calibration;
  }

  private Optional<List<Engine>> engines() {
    return Optional.ofNullable(runsOn).map(Engine::parse);
  }

  private Path target() {
    return Path.of(names.getLast());
  }

  /** SOURCE, or those of --source. */
  private List<String> sources() {
    boolean named = names.size() == 2;
    if (named != dense.sources().isEmpty()) {
      throw new UsageException(
          "SOURCE",
          named ? "is given beside --source" : "is missing",
          "write SOURCE TARGET, or TARGET with a --source for each of several models");
    }
    return named ? List.of(names.getFirst()) : dense.sources();
  }

  private static boolean hasExperts(CheckpointSource source) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(source)) {
      return !checkpoint.decoder().mixtureLayers().isEmpty();
    }
  }

  /** Refuses options that mean nothing for this source. */
  private void requireNone(Class<?> group, Path source, String because) {
    String given =
        spec.commandLine().getParseResult().matchedOptions().stream()
            .filter(option -> isOf(option, group))
            .map(OptionSpec::longestName)
            .distinct()
            .collect(Collectors.joining(", "));
    if (!given.isEmpty()) {
      throw new UsageException(
          source, because + ", so that " + given + " means nothing", "leave it out; see --help");
    }
  }

  private static boolean isOf(OptionSpec option, Class<?> group) {
    return option.userObject() instanceof java.lang.reflect.Field field
        && field.getDeclaringClass() == group;
  }

  private void execute(PlannedUpcycle planned, PrintWriter out, DownloadProgress progress) {
    OnSignal.run(
        () -> {
          planned.interrupted();
          planned.unfinished().ifPresent(left -> progress.println("  -> " + goingOn(left)));
        },
        () -> {
          String described = execute(planned, progress).describe();
          progress.close();
          out.println(described);
        });
    out.println("Wrote " + target());
    out.flush();
  }

  private UpcycleResult execute(PlannedUpcycle planned, DownloadProgress progress) {
    try {
      return planned.execute(execution(), progress.beside());
    } catch (CheckpointException e) {
      Path left = planned.unfinished().orElseThrow(() -> e);
      throw new CheckpointException(
          null, String.valueOf(e.getMessage()), "then " + goingOn(left), e);
    }
  }

  private String goingOn(Path left) {
    String option = overwrite ? "--resume in the place of --overwrite" : "--resume";
    String first = Files.exists(target()) ? ", once " + target() + " is moved away" : "";
    return "the same command with "
        + option
        + " goes on"
        + first
        + "; what was written is in "
        + left;
  }

  private Execution execution() {
    Execution.Unfinished unfinished =
        resume
            ? Execution.Unfinished.RESUME
            : overwrite ? Execution.Unfinished.REPLACE : Execution.Unfinished.REFUSE;
    return new Execution(threads, unfinished, check);
  }
}
