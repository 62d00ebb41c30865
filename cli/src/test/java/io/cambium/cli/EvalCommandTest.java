package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.lab.evaluation.DomainLoss;
import io.cambium.model.InferenceModel;
import io.cambium.model.TorchRunner;
import io.cambium.training.Evaluator;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.Tokenizer;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class EvalCommandTest {

  private static final int VOCABULARY = 300;

  private final Console console = new Console();

  @TempDir Path folder;
  private Path model;
  private Path corpus;

  @BeforeEach
  void model() throws IOException {
    model = TinyModels.glm4Moe().vocab(VOCABULARY).experts(3).topK(2).write(folder.resolve("m"));
    corpus = TinyCorpus.write(folder.resolve("corpus"));
    Files.copy(corpus.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
  }

  /** The tokenizer's tokens are single bytes, so that a token is a byte of text. */
  @Test
  void evaluatesEveryDomain() {
    assertThat(run("--data", corpus.toString(), "--sequences", "3", "--length", "17", "--json"))
        .isZero();
    JsonNode result = Json.MAPPER.readTree(console.out());
    assertThat(result.path("domains").size()).isEqualTo(2);
    JsonNode one = result.path("domains").path(0);
    assertThat(one.path("domain").stringValue()).isEqualTo("one");
    assertThat(one.path("tokens").intValue()).isEqualTo(51);
    assertThat(one.path("loss").doubleValue()).isBetween(4.0, 8.0);
    double error = one.path("standardError").doubleValue();
    double other = result.path("domains").path(1).path("standardError").doubleValue();
    assertThat(error).isPositive();
    assertThat(result.path("mean").path("standardError").doubleValue())
        .isCloseTo(Math.hypot(error, other) / 2, Offset.offset(1e-12));
    console.clear();
    assertThat(run("--data", corpus.toString(), "--sequences", "3", "--length", "17")).isZero();
    assertThat(console.out()).contains("perplexity", "standard error", "bits per byte", "mean");
  }

  @Test
  void fp64TakesRoundingAway() {
    double rounded = meanLoss();
    double exact = meanLoss("--fp64");
    assertThat(rounded).isNotEqualTo(exact).isCloseTo(exact, Offset.offset(1e-5));
  }

  private double meanLoss(String... precision) {
    List<String> options = new ArrayList<>(List.of(precision));
    options.addAll(List.of("--data", corpus.toString(), "--length", "17", "--json"));
    console.clear();
    assertThat(run(options.toArray(String[]::new))).isZero();
    return Json.MAPPER.readTree(console.out()).path("mean").path("loss").doubleValue();
  }

  /** The loss is the one that training logs, and the error is that of the mean of its sequences. */
  @Test
  void standardErrorsAreOfTheSequences() {
    try (InferenceModel opened = InferenceModel.open(model, OptionalInt.empty());
        Corpus validation = Corpus.open(corpus);
        Tokenizer tokenizer = Tokenizer.load(corpus.resolve("tokenizer.json"))) {
      Evaluator evaluator = new Evaluator(validation, 3, 17);
      Corpus.Domain domain = validation.domains().getFirst();
      DomainLoss found = DomainLoss.of(opened, evaluator, domain, tokenizer);
      double[] each = evaluator.sequenceLosses(opened.decoder(), domain.validation());
      assertThat(each).hasSize(3);
      assertThat(found.loss())
          .isCloseTo(evaluator.loss(opened.decoder(), domain.validation()), Offset.offset(1e-6));
      double a = each[0] - found.loss();
      double b = each[1] - found.loss();
      double c = each[2] - found.loss();
      assertThat(found.standardError())
          .isCloseTo(Math.sqrt((a * a + b * b + c * c) / 2 / 3), Offset.offset(1e-12));
    }
  }

  @Test
  void answersQuestionsByTheLikelihoodOfTheirTokens() throws IOException {
    Path questions = folder.resolve("questions.jsonl");
    Files.writeString(
        questions,
        """
        {"question": "a b c ", "choices": ["d", "e f g", "hi"], "answer": 1}
        {"question": "x", "choices": ["1", "22"], "answer": "22"}
        """);
    assertThat(run("--choices", questions.toString(), "--json")).isZero();
    JsonNode result = Json.MAPPER.readTree(console.out());
    JsonNode found = result.path("questions").path(0).path("log_likelihoods");
    // The space at the question's end is scored with the choice.
    assertThat(found.path(0).doubleValue()).isCloseTo(after("a b c", "  d"), Offset.offset(1e-4));
    assertThat(found.path(1).doubleValue())
        .isCloseTo(after("a b c", "  e f g"), Offset.offset(1e-4));
    assertThat(result.path("questions").path(1).path("answer").intValue()).isEqualTo(1);
    console.clear();
    assertThat(run("--choices", questions.toString())).isZero();
    assertThat(console.out()).contains("acc_norm", "acc_bytes", "of 2 questions");
  }

  /** What two questions differ in is beyond the model's positions. */
  @Test
  void aTextThatIsTooLongLosesItsBeginning() throws IOException {
    limitPositions(16);
    String line =
        "{\"question\": \"%s b c d e f g k l\", \"choices\": [\"hi\", \"j\"], \"answer\": 0}\n";
    Path questions = write(line.formatted("a") + line.formatted("why"));
    assertThat(run("--choices", questions.toString(), "--json")).isZero();
    JsonNode found = Json.MAPPER.readTree(console.out()).path("questions");
    for (int choice = 0; choice < 2; choice++) {
      assertThat(found.path(0).path("log_likelihoods").path(choice).doubleValue())
          .isCloseTo(
              found.path(1).path("log_likelihoods").path(choice).doubleValue(),
              Offset.offset(1e-5));
    }
  }

  /** Nor does lm-evaluation-harness score it. */
  @Test
  void aChoiceWithoutRoomOrTokensOfItsOwnIsRefused() throws IOException {
    limitPositions(16);
    String line =
        "{\"question\": \"%s\", \"choices\": [\"a b c d e f g h i\", \"j\"], \"answer\": 0}\n";
    for (String question : List.of("", "why")) {
      assertThat(run("--choices", write(line.formatted(question)).toString())).isEqualTo(2);
      assertThat(console.err())
          .contains("choice \"a b c d e f g h i\": has a choice of 18 tokens, the model has 16");
    }
    assertThat(run("--choices", write(line.formatted(" \\t")).toString())).isEqualTo(2);
    assertThat(console.err()).contains("is white space alone");
  }

  /** Behind a space, and the token that begins a text. */
  @Test
  void withoutAQuestionAChoiceIsAWholeText() throws IOException {
    Path questions = write("{\"question\": \"\", \"choices\": [\"d\", \"e f\"], \"answer\": 0}\n");
    String end = "<|endoftext|>";
    double plain = likelihood(questions);
    assertThat(plain).isCloseTo(after(end, " e f"), Offset.offset(1e-4));
    String a = "{\"bos_token\": {\"content\": \"a\"}, \"eos_token\": \"<|endoftext|>\"}";
    Files.writeString(model.resolve("tokenizer_config.json"), a);
    assertThat(likelihood(questions)).isCloseTo(after("a", " e f"), Offset.offset(1e-4));
  }

  /** As the tokenizer asks for. */
  @Test
  void specialTokensStandAroundAText() throws IOException {
    Path questions =
        write("{\"question\": \"a b\", \"choices\": [\"d\", \"e f\"], \"answer\": 0}\n");
    assertThat(likelihood(questions)).isCloseTo(after("a b", " e f"), Offset.offset(1e-4));
    Path tokenizer = model.resolve("tokenizer.json");
    ObjectNode json = Json.readObject(tokenizer);
    json.set(
        "post_processor",
        Json.MAPPER.readTree(
            """
            {"type": "TemplateProcessing", "pair": [],
             "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}}],
             "special_tokens":
               {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}}
            """));
    Files.write(tokenizer, Json.bytes(json));
    assertThat(likelihood(questions))
        .isCloseTo(after("<|endoftext|>a b", " e f"), Offset.offset(1e-4));
    Path begun =
        write(
            "{\"question\": \"<|endoftext|>a b\", \"choices\": [\"d\", \"e f\"], \"answer\": 0}\n");
    assertThat(likelihood(begun))
        .as("not begun twice")
        .isCloseTo(after("<|endoftext|>a b", " e f"), Offset.offset(1e-4));
  }

  /** Of the first question's second choice. */
  private double likelihood(Path questions) {
    console.clear();
    assertThat(run("--choices", questions.toString(), "--json")).as(console.err()).isZero();
    JsonNode first = Json.MAPPER.readTree(console.out()).path("questions").path(0);
    return first.path("log_likelihoods").path(1).doubleValue();
  }

  private Path write(String questions) throws IOException {
    return Files.writeString(folder.resolve("questions.jsonl"), questions);
  }

  private void limitPositions(int positions) throws IOException {
    Path config = model.resolve("config.json");
    ObjectNode json = Json.readObject(config);
    Files.write(config, Json.bytes(json.put("max_position_embeddings", positions)));
  }

  /** Of a continuation, by the logits of the whole. */
  private double after(String context, String continuation) {
    try (InferenceModel opened = InferenceModel.open(model, OptionalInt.empty());
        Tokenizer tokenizer = Tokenizer.load(model.resolve("tokenizer.json"))) {
      int[] ids = tokenizer.encode(context + continuation);
      TokenIds all = new TokenIds(1, ids.length, Arrays.stream(ids).asLongStream().toArray());
      float[] logits = TorchRunner.logits(opened.decoder(), all);
      double sum = 0;
      for (int i = tokenizer.encode(context).length; i < ids.length; i++) {
        sum +=
            logProbability(
                Arrays.copyOfRange(logits, (i - 1) * VOCABULARY, i * VOCABULARY), ids[i]);
      }
      return sum;
    }
  }

  private static double logProbability(float[] logits_V, int token) {
    double sum = 0;
    for (float logit : logits_V) {
      sum += Math.exp(logit);
    }
    return logits_V[token] - Math.log(sum);
  }

  @Test
  void wrongUsageIsNamed() {
    assertThat(run()).isEqualTo(2);
    assertThat(run("--data", corpus.toString(), "--length", "100000")).isEqualTo(2);
    assertThat(console.err()).contains("--data, --choices", "batch.length");
  }

  private int run(String... options) {
    return console.run(List.of("eval", model.toString()), options);
  }
}
