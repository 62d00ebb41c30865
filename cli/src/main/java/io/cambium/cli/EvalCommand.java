package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.comparison.TextTable;
import io.cambium.lab.evaluation.ChoiceQuestion;
import io.cambium.lab.evaluation.ChoiceResult;
import io.cambium.lab.evaluation.ChoiceResult.Accuracy;
import io.cambium.lab.evaluation.ChoiceScorer;
import io.cambium.lab.evaluation.DomainLoss;
import io.cambium.model.InferenceModel;
import io.cambium.training.Evaluator;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.Tokenizer;
import io.cambium.training.data.TokenizerFile;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Says how good a checkpoint is. */
@Command(
    name = "eval",
    description = {
      "Evaluates a checkpoint: its loss on held-out text, and questions with choices.",
      "",
      "Choices are scored as lm-evaluation-harness does: by their likelihood after the question and"
          + " a space (acc), and by that over their length in characters (acc_norm) or bytes"
          + " (acc_bytes)."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium eval moe --data corpora/demo",
      "  cambium eval SmolLM2-135M --choices questions.jsonl --json",
      "",
      "A line of questions.jsonl:",
      "  {\"question\": \"Water freezes at\", \"choices\": [\"0 C\", \"50 C\"], \"answer\": 0}"
    })
final class EvalCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Mixin private MeasuredOn measured;

  @Option(
      names = "--data",
      paramLabel = "CORPUS",
      description = "Corpus directory, for the loss on each domain's validation split.")
  private @Nullable Path data;

  @Option(
      names = "--choices",
      paramLabel = "FILE",
      description = "Questions with choices, JSONL; needs the checkpoint's tokenizer.json.")
  private @Nullable Path choices;

  @Mixin private PrecisionOption precision;

  @Option(names = "--json", description = "Everything as JSON, each question's likelihoods too.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (data == null && choices == null) {
      throw new UsageException("--data, --choices", "are both missing", "give one, or both");
    }
    List<ChoiceQuestion> questions = choices == null ? List.of() : ChoiceQuestion.read(choices);
    List<DomainLoss> losses;
    List<ChoiceResult> answers;
    try (CheckpointSource source = measured.open(root.environment());
        InferenceModel model =
            InferenceModel.open(source.path(), OptionalInt.empty(), precision.type());
        TerminalProgress progress = TerminalProgress.onStandardError()) {
      losses = data == null ? List.of() : losses(model, data, progress);
      answers =
          questions.isEmpty() ? List.of() : answers(model, source.path(), questions, progress);
    }
    print(losses, answers);
    return 0;
  }

  private List<DomainLoss> losses(
      InferenceModel model, Path corpusPath, TerminalProgress progress) {
    measured.requireFits(model);
    try (Corpus corpus = Corpus.open(corpusPath);
        Tokenizer tokenizer = Tokenizer.load(corpus.tokenizer().path())) {
      tokenizer.requireFits(model.decoder().spec().vocabSize(), model.directory().path());
      Evaluator evaluator = new Evaluator(corpus, measured.sequences(), measured.length());
      List<DomainLoss> losses = new ArrayList<>();
      for (Corpus.Domain domain : corpus.domains()) {
        progress.update("evaluating domains", losses.size(), corpus.domains().size());
        losses.add(DomainLoss.of(model, evaluator, domain, tokenizer));
      }
      return losses;
    }
  }

  private List<ChoiceResult> answers(
      InferenceModel model,
      Path directory,
      List<ChoiceQuestion> questions,
      TerminalProgress progress) {
    try (Tokenizer tokenizer = Tokenizer.load(directory.resolve(TokenizerFile.NAME))) {
      tokenizer.requireFits(model.decoder().spec().vocabSize(), directory);
      ChoiceScorer scorer = new ChoiceScorer(model, tokenizer);
      List<ChoiceResult> results = scorer.score(questions, progress);
      if (scorer.cut() > 0) {
        progress.println(
            "warning: %d texts are longer than the model's positions and lost their beginning"
                .formatted(scorer.cut()));
      }
      return results;
    }
  }

  private void print(List<DomainLoss> losses, List<ChoiceResult> answers) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.print(new String(Json.bytes(asMap(losses, answers)), StandardCharsets.UTF_8));
    } else {
      out.print(losses.isEmpty() ? "" : lossTable(losses));
      out.print(answers.isEmpty() ? "" : choiceTable(answers));
    }
    out.flush();
  }

  private static String lossTable(List<DomainLoss> losses) {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "domain", "tokens", "loss", "standard error", "perplexity", "bits per byte"));
    List<DomainLoss> all = new ArrayList<>(losses);
    all.add(DomainLoss.mean(losses));
    all.forEach(row ->
        table.row(
            List.of(
                row.domain(),
                format("%,d", row.tokens()),
                format("%.4f", row.loss()),
                row.standardError() == null ? "-" : format("%.4f", row.standardError()),
                format("%.2f", row.perplexity()),
                format("%.4f", row.bitsPerByte()))));
    return table.text();
  }

  private static String choiceTable(List<ChoiceResult> answers) {
    TextTable table = new TextTable().row(List.of("questions", "share right", "standard error"));
    accuracies(answers).forEach((name, accuracy) -> table.row(row(name, accuracy)));
    return table.text() + format("of %,d questions%n", answers.size());
  }

  private static List<String> row(String name, Accuracy accuracy) {
    return List.of(name, format("%.4f", accuracy.share()), format("%.4f", accuracy.error()));
  }

  /** By the names that lm-evaluation-harness has for them. */
  private static SequencedMap<String, Accuracy> accuracies(List<ChoiceResult> answers) {
    SequencedMap<String, Accuracy> accuracies = new LinkedHashMap<>();
    accuracies.put("acc", Accuracy.of(answers, ChoiceResult::chosen));
    accuracies.put("acc_norm", Accuracy.of(answers, ChoiceResult::chosenByCharacters));
    accuracies.put("acc_bytes", Accuracy.of(answers, ChoiceResult::chosenByBytes));
    return accuracies;
  }

  private static Map<String, Object> asMap(List<DomainLoss> losses, List<ChoiceResult> answers) {
    Map<String, Object> map = new LinkedHashMap<>();
    if (!losses.isEmpty()) {
      map.put("domains", losses);
      map.put("mean", DomainLoss.mean(losses));
    }
    if (!answers.isEmpty()) {
      map.putAll(accuracies(answers));
      map.put("questions", answers.stream().map(EvalCommand::asMap).toList());
    }
    return map;
  }

  private static Map<String, Object> asMap(ChoiceResult answer) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("log_likelihoods", answer.logLikelihoods());
    map.put("chosen", answer.chosen());
    map.put("chosen_norm", answer.chosenByCharacters());
    map.put("chosen_bytes", answer.chosenByBytes());
    map.put("answer", answer.question().answer());
    return map;
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
