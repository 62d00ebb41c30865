package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.utility.ExpertScores;
import io.cambium.upcycle.utility.Score;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

class UpcycleCommandTest {

  private static final int VOCABULARY = 300;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void source() {
    source =
        TinyModels.glm4Moe().vocab(VOCABULARY).experts(3).topK(2).write(folder.resolve("source"));
    target = folder.resolve("grown");
  }

  @Test
  void growsColdByDefaultAndSaysWhatItDid() {
    assertThat(run("--experts", "7")).isZero();
    assertThat(out.toString())
        .contains("3 -> 7 in each of 2 layers", "hold-back", "verified: exact", "Wrote " + target);
    assertThat(growth().mode()).isEqualTo("cold");
    assertThat(growth().parents().get(1)).containsExactly(0, 1, 2, 0, 1, 2, 0);
  }

  @Test
  void takesSplitRowsFromACorpus() throws IOException {
    assertThat(run("--experts", "7", "--mode", "lineage")).isEqualTo(2);
    assertThat(err.toString()).contains("growth option rows", "--data");
    Path corpus = TinyCorpus.write(folder.resolve("corpus"));
    assertThat(run("--experts", "7", "--mode", "lineage", "--data", corpus.toString())).isZero();
    assertThat(out.toString()).contains("rows        split, delta 0.6", "on 256 tokens");
    assertThat(growth().rows()).isEqualTo("split");
  }

  @Test
  void aDryRunWritesNothing() {
    assertThat(run("--experts", "6", "--mode", "flat", "--dry-run")).isZero();
    assertThat(out.toString()).contains("step 0      not exact: bias noise");
    out.getBuffer().setLength(0);
    assertThat(run("--experts", "6", "--dry-run", "--json")).isZero();
    JsonNode plan = Json.MAPPER.readTree(out.toString());
    assertThat(plan.path("config").path("n_routed_experts").intValue()).isEqualTo(6);
    assertThat(plan.path("weights").size()).isGreaterThan(50);
    assertThat(folder.toFile().list()).containsExactly("source");
  }

  @Test
  void passesEveryOptionOn() throws IOException {
    Path counts = folder.resolve("counts.json");
    Files.writeString(counts, "{\"1\": [2, 3, 1], \"2\": [1, 1, 4]}");
    assertThat(
            run(
                "--experts",
                "6",
                "--mode",
                "flat",
                "--rows",
                "antithetic",
                "--row-delta",
                "0.25",
                "--bias-noise",
                "0.01",
                "--replicas",
                "drop",
                "--drop-rate",
                "0.4",
                "--counts",
                counts.toString(),
                "--moments",
                "scale",
                "--seed",
                "11",
                "--overwrite"))
        .isZero();
    Manifest.Growth growth = growth();
    assertThat(growth.realised()).isNotNull();
    assertThat(growth)
        .usingRecursiveComparison()
        .ignoringFields("realised")
        .isEqualTo(
            new Manifest.Growth(
                "flat",
                "antithetic",
                0.25,
                0.01,
                "drop",
                0.4,
                "scale",
                11,
                null,
                3,
                6,
                growth.parents()));
    assertThat(growth.parents().get(2)).containsExactly(0, 1, 2, 2, 2, 2);
  }

  @Test
  void givesMoreCopiesToWhatScoresHigh() throws IOException {
    Path scores = folder.resolve("scores.safetensors");
    assertThat(run("--experts", "7", "--counts", "greedy")).isEqualTo(2);
    assertThat(run("--experts", "7", "--scores", scores.toString())).isEqualTo(2);
    score(scores);
    String[] greedy = {"--experts", "7", "--counts", "greedy", "--scores", scores.toString()};
    assertThat(run(greedy)).isZero();
    assertThat(out.toString())
        .contains(
            "counts      greedy by grad_squared, at most 4 further copies", "layer 2     x5:");
    List<Double> layer =
        Objects.requireNonNull(ExpertScores.read(scores).of(Score.GRAD_SQUARED).get(2));
    int best = layer.indexOf(Collections.max(layer));
    assertThat(Collections.frequency(growth().parents().get(2), best)).isEqualTo(5);
    target = folder.resolve("another");
    List<String> fisher = new ArrayList<>(List.of(greedy));
    fisher.addAll(List.of("--score", "fisher"));
    assertThat(run(fisher.toArray(String[]::new))).isEqualTo(2);
    source = TinyModels.glm4Moe().vocab(VOCABULARY).experts(3).seed(9).write(folder.resolve("b"));
    assertThat(run(greedy)).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "--counts greedy: follows scores",
            "mean nothing without a rule",
            "score fisher: was not computed",
            "scores of another model");
    assertThat(target).doesNotExist();
  }

  private void score(Path scores) throws IOException {
    assertThat(score(TinyCorpus.write(folder.resolve("corpus")), scores)).isZero();
  }

  private int score(Path corpus, Path scores, String... more) {
    List<String> args =
        new ArrayList<>(List.of("score", source.toString(), "--data", corpus.toString(), "--out"));
    args.add(scores.toString());
    args.addAll(List.of("--batches", "3", "--sequences", "5", "--length", "17"));
    args.addAll(List.of("--micro-batch", "2"));
    args.addAll(List.of(more));
    return Cambium.execute(args.toArray(String[]::new));
  }

  /** Nor are they lost if the new ones cannot be computed. */
  @Test
  void scoresAreReplacedOnlyIfAskedTo() throws IOException {
    Path corpus = TinyCorpus.write(folder.resolve("corpus"));
    Path scores = Files.writeString(folder.resolve("scores.safetensors"), "mine");
    assertThat(score(corpus, scores)).isEqualTo(2);
    assertThat(score(folder.resolve("nowhere"), scores, "--overwrite")).isNotZero();
    assertThat(scores).hasContent("mine");
    assertThat(score(corpus, scores, "--overwrite")).isZero();
    assertThat(ExpertScores.read(scores).byScore()).isNotEmpty();
  }

  @Test
  void wrongUsageIsNamed() {
    assertThat(run()).isEqualTo(2);
    assertThat(run("--experts", "6", "--json")).isEqualTo(2);
    assertThat(run("--experts", "6", "--mode", "warm")).isEqualTo(2);
    assertThat(run("--experts", "2")).isEqualTo(2);
    assertThat(run("--experts", "6", "--row-delta", "0.3")).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "Missing required option: '--experts=N'",
            "--json: prints a plan",
            "expected one of",
            "growth option experts: 2 are no more than the 3",
            "growth option row-delta");
    assertThat(target).doesNotExist();
  }

  @Test
  void aDenseModelGoesWhereTheEnginesRunIt() {
    source = Goldens.unpack("qwen2", folder);
    assertThat(run("--experts", "4", "--dry-run")).isZero();
    assertThat(out.toString())
        .contains(
            "family      qwen2_moe",
            "per layer   4 experts in layers 0-2",
            "memory      at most 1 MB to write, 1 MB to compare logits",
            "runs on     transformers4 (asked for): yes",
            "            llama.cpp: no: it never normalises the routing weights of qwen2_moe");
    out.getBuffer().setLength(0);
    assertThat(run("--experts", "4", "--runs-on", "llama.cpp", "--dry-run", "--json")).isZero();
    JsonNode plan = Json.MAPPER.readTree(out.toString());
    assertThat(plan.path("family").asString()).isEqualTo("granitemoe");
    assertThat(plan.path("engines").path("vllm").path("word").asString()).isEqualTo("no");
    assertThat(plan.path("runsOn").path(0).asString()).isEqualTo("llama.cpp");
    assertThat(plan.path("figures").path("experts").path("2").intValue()).isEqualTo(4);
  }

  @Test
  void aDenseModelWithoutOneHomeForAllIsRefused() {
    source = Goldens.unpack("qwen2", folder);
    assertThat(run("--experts", "4", "--runs-on", "vllm,llama.cpp")).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "that would compute the same on vllm,llama.cpp",
            "qwen2_moe: llama.cpp: no: it never normalises",
            "granitemoe: vllm: no: it drops the attention's biases",
            "--runs-on vllm (goes to qwen2_moe), --runs-on llama.cpp (goes to granitemoe)");
    assertThat(target).doesNotExist();
  }

  @Test
  void growthIsRefusedForAnEngineThatWouldNotRunIt() {
    assertThat(run("--experts", "7", "--runs-on", "vllm")).isZero();
    source = Goldens.unpack("mixtral-fused", folder);
    target = folder.resolve("other");
    String[] wide = {"--experts", "12", "--mode", "wide", "--runs-on", "transformers4"};
    assertThat(run(wide)).isEqualTo(2);
    assertThat(run("--experts", "7", "--runs-on", "llamacpp")).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "would grow into what an engine refuses: transformers4: no: 4.57 does not read",
            "\"llamacpp\" is no engine",
            "the nearest is llama.cpp");
    assertThat(target).doesNotExist();
  }

  private Manifest.Growth growth() {
    return Manifest.read(target).orElseThrow().growth().getLast();
  }

  private int run(String... options) {
    List<String> args = new ArrayList<>(List.of("upcycle", source.toString(), target.toString()));
    args.addAll(List.of(options));
    CommandLine commandLine = Cambium.commandLine(new Cambium());
    return commandLine
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(args.toArray(String[]::new));
  }
}
