package io.cambium.cli;

import io.cambium.checkpoint.AtomicFile;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Json;
import io.cambium.lab.analysis.Analyser;
import io.cambium.lab.analysis.Analysis;
import io.cambium.model.InferenceModel;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.Tokenizer;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Says what a checkpoint's experts do. */
@Command(
    name = "analyse",
    description = {
      "Shows what the experts of a checkpoint do with a corpus's validation split, in fp32 and"
          + " without training.",
      "",
      "For each routing layer: how evenly tokens fall on the experts, which experts serve which"
          + " domain, class of tokens or word, which are chosen together, how alike they are in"
          + " weights and in outputs, and how far siblings came apart. With an earlier checkpoint:"
          + " how much of its routing is left, and how far experts went."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium analyse runs/demo/final --data runs/demo/corpus",
      "  cambium analyse runs/demo/final --data runs/demo/corpus --against runs/demo/source",
      "  cambium analyse hf://allenai/OLMoE-1B-7B-0924 --data corpus --out analysis.json"
    })
final class AnalyseCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Mixin private MeasuredOn measured;

  @Mixin private CorpusOption data;

  @Option(
      names = "--against",
      paramLabel = "CHECKPOINT",
      description =
          "An earlier checkpoint of the same run, or the one that this one grew from; needs memory"
              + " for both.")
  private @Nullable String against;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write everything as JSON too: every layer's matrices, each [E][E].")
  private @Nullable Path out;

  @Mixin private OverwriteOption overwrite;

  @Option(names = "--json", description = "Print everything as JSON instead of the summary.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (out != null) {
      overwrite.requireFree(out);
    }
    Analysis analysis = analysis();
    if (out != null) {
      AtomicFile.write(out, Json.bytes(analysis));
    }
    PrintWriter to = spec.commandLine().getOut();
    to.print(
        json
            ? new String(Json.bytes(analysis), StandardCharsets.UTF_8)
            : new AnalysisText(analysis).text());
    if (out != null && !json) {
      to.println("Wrote " + out);
    }
    to.flush();
    return 0;
  }

  private Analysis analysis() {
    try (CheckpointSource source = measured.open(root.environment());
        CheckpointSource earlier =
            against == null ? null : CheckpointArgument.openWhole(against, root.environment());
        InferenceModel model = InferenceModel.open(source.path(), OptionalInt.empty());
        InferenceModel before =
            earlier == null ? null : InferenceModel.open(earlier.path(), OptionalInt.empty());
        Corpus corpus = Corpus.open(data.path());
        Tokenizer tokenizer = Tokenizer.load(corpus.tokenizer().path());
        TerminalProgress progress = TerminalProgress.onStandardError()) {
      Analyser analyser =
          new Analyser(corpus, tokenizer, measured.sequences(), measured.length(), progress);
      return analyser.analyse(
          subject(measured.checkpoint(), model, tokenizer),
          before == null || against == null ? null : subject(against, before, tokenizer));
    }
  }

  private Analyser.Subject subject(String name, InferenceModel model, Tokenizer tokenizer) {
    Analyser.Subject subject = new Analyser.Subject(name, model);
    measured.requireFits(model);
    tokenizer.requireFits(model.decoder().spec().vocabSize(), name);
    return subject;
  }
}
