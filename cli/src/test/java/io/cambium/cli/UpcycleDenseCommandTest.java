package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import io.cambium.checkpoint.testing.DenseModels;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.router.RouterInitialisations;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class UpcycleDenseCommandTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path folder;
  private String source;
  private String target;

  @BeforeEach
  void source() {
    source = DenseModels.llama(folder.resolve("source"), 20, 1).toString();
    target = folder.resolve("moe").toString();
  }

  @Test
  void theHelpTextListsTheRegistries() {
    assertThat(run("--help")).isZero();
    String help = out.toString().replaceAll("\\s+", " ");
    assertThat(help)
        .contains(String.join(", ", ExpertInitialisations.names()))
        .contains(String.join(", ", RouterInitialisations.names()))
        .contains("[SOURCE] TARGET");
  }

  @Test
  void passesParametersOn() {
    assertThat(run(source, target, "--experts", "4", "--init", "svd", "--svd-share", "0.6"))
        .isZero();
    assertThat(sparse().initialisation()).isEqualTo("svd");
    assertThat(sparse().parameters()).containsEntry("svdShare", 0.6);
    assertThat(out.toString()).contains("init        svd, svdShare 0.6", "copies: down ");
  }

  @Test
  void aDryRunSaysHowFarCopiesAreApart() {
    assertThat(run(source, target, "--experts", "4", "--init", "drop", "--dry-run")).isZero();
    assertThat(out.toString()).contains("50.0 % of weights changed (measured in layer 0 alone)");
    out.getBuffer().setLength(0);
    assertThat(run(source, target, "--experts", "4", "--init", "drop", "--dry-run", "--json"))
        .isZero();
    assertThat(
            Json.MAPPER.readTree(out.toString()).at("/manifest/sparse/realised/layers/0").asInt())
        .isZero();
  }

  @Test
  void takesSeveralSources() {
    String other = DenseModels.llama(folder.resolve("other"), 20, 2).toString();
    assertThat(run(target, "--source", source, "--source", other, "--base", "1", "--experts", "4"))
        .isZero();
    assertThat(out.toString())
        .contains("2 models of llama, copies in turn; other weights taken from source 1");
    assertThat(sparse().sources()).containsExactly("llama", "llama");
  }

  /** A limit on the size of files stands for a full disk. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aFullDiskSaysHowToGoOn() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -f 100 && LC_ALL=C exec \"$@\"",
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Cambium.class.getName(),
                "upcycle",
                source,
                target,
                "--experts",
                "32",
                "--verify",
                "none")
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(CambiumException.WORK_FAILED);
    assertThat(output)
        .contains("cannot be written: File too large")
        .contains("-> then the same command with --resume goes on; what was written is in ")
        .contains("moe.partial");
    assertThat(run(source, target, "--experts", "32", "--verify", "none", "--resume")).isZero();
    assertThat(Path.of(target)).isDirectory();
  }

  @Test
  void wrongUsageIsNamed() {
    assertThat(run(target, "--experts", "4")).isEqualTo(2);
    assertThat(run(source, target, "--source", source, "--experts", "4")).isEqualTo(2);
    assertThat(run(source, target, "--base", "0", "--experts", "4")).isEqualTo(2);
    assertThat(run(source, target, "--noise", "0.1", "--experts", "4")).isEqualTo(2);
    assertThat(run(source, target, "--router", "zero", "--experts", "4")).isEqualTo(2);
    assertThat(run(source, target, "--router", "centroid", "--experts", "4")).isEqualTo(2);
    assertThat(run(source, target, "--init", "partition", "--experts", "4")).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "SOURCE: is missing",
            "SOURCE: is given beside --source",
            "option base: chooses among several models",
            "option noise: means nothing to the initialisation copy",
            "option router: zero makes all logits equal",
            "option router: centroid needs a domain for each of 4 copies, and --data has 0",
            "option init: partition cuts every copy");
    assertThat(Path.of(target)).doesNotExist();
  }

  @Test
  void optionsThatExcludeEachOtherAreNamedBeforeASourceIsOpened() throws IOException {
    String missing = folder.resolve("missing").toString();
    assertThat(run(missing, target, "--experts", "4", "--resume", "--overwrite")).isEqualTo(2);
    assertThat(run(missing, target, "--experts", "4", "--threads", "0")).isEqualTo(2);
    Files.createDirectory(Path.of(target));
    assertThat(run(missing, target, "--experts", "4", "--resume")).isEqualTo(2);
    assertThat(err.toString())
        .contains(
            "--resume, --overwrite: one goes on with what is there, the other begins anew",
            "--threads: is 0",
            "moe: exists already, so that what goes on could not get its name",
            "move it away, or begin anew with --overwrite")
        .doesNotContain("missing");
  }

  @Test
  void aCorpusThatNobodyLooksIntoIsRefused() throws IOException {
    String corpus = TinyCorpus.write(folder.resolve("corpus")).toString();
    for (String check : List.of("bytes", "none")) {
      assertThat(run(source, target, "--experts", "4", "--data", corpus, "--verify", check))
          .isEqualTo(2);
    }
    assertThat(err.toString()).contains("--data: means nothing here");
    assertThat(Path.of(target)).doesNotExist();
  }

  @Test
  void aTokenizerThatDoesNotFitNeedNotBeUsed() throws IOException {
    Path corpus = TinyCorpus.write(folder.resolve("corpus"));
    Files.copy(corpus.resolve("tokenizer.json"), Path.of(source, "tokenizer.json"));
    assertThat(run(source, target, "--experts", "4")).isEqualTo(1);
    assertThat(err.toString())
        .contains("has a vocabulary of 61", "or leave the comparison of logits out with --verify");
    assertThat(run(source, target, "--experts", "4", "--verify", "bytes")).isZero();
  }

  @Test
  void aRouterByTokenIdIsForNoEngine() {
    String[] hash = {source, target, "--experts", "4", "--router", "hash", "--dry-run"};
    assertThat(run(hash)).isZero();
    assertThat(out.toString()).contains("transformers4: no: it chooses experts by token id");
    List<String> asked = new ArrayList<>(List.of(hash));
    asked.addAll(List.of("--runs-on", "vllm"));
    assertThat(run(asked.toArray(String[]::new))).isEqualTo(2);
    assertThat(err.toString()).contains("option runs-on: vllm would not choose experts");
  }

  private SparseUpcycling sparse() {
    return Objects.requireNonNull(Manifest.read(Path.of(target)).orElseThrow().sparse());
  }

  private int run(String... options) {
    List<String> args = new ArrayList<>(List.of("upcycle"));
    args.addAll(List.of(options));
    CommandLine commandLine = Cambium.commandLine(new Cambium());
    return commandLine
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(args.toArray(String[]::new));
  }
}
