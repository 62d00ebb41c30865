package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.testing.DenseModels;
import io.cambium.checkpoint.testing.HubServer;
import io.cambium.checkpoint.testing.HubServer.Fault;
import io.cambium.checkpoint.testing.HubServer.Request;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a model of a local server that behaves like the Hub, and on a single file. */
class HubSourceTest {

  /** A word for each of the model's tokens. */
  private static final String TOKENIZER =
      """
      {"added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": true, "single_word": false,
          "lstrip": false, "rstrip": false, "normalized": false}],
       "pre_tokenizer": {"type": "Whitespace"},
       "model": {"type": "WordLevel", "unk_token": "w1", "vocab": {"<|endoftext|>": 0, %s}}}
      """
          .formatted(
              IntStream.range(1, DenseModels.VOCABULARY)
                  .mapToObj(id -> "\"w%d\": %d".formatted(id, id))
                  .collect(Collectors.joining(", ")));

  @TempDir private Path folder;
  private final HubServer server = new HubServer();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path dense = Path.of("");
  private String target = "";

  @BeforeEach
  void publish() throws IOException {
    dense = DenseModels.llama(folder.resolve("dense"), 400, 1);
    Files.writeString(dense.resolve("tokenizer.json"), TOKENIZER);
    server.publish("owner/dense", "main", dense);
    target = folder.resolve("moe").toString();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void inspectReadsHeadersAlone() {
    assertThat(run("inspect", "hf://owner/dense")).as(err.toString()).isZero();
    String there = out.toString();
    assertThat(run("inspect", dense.toString())).isZero();
    assertThat(there).isEqualTo(out.toString());
    assertThat(weights()).allMatch(request -> request.range().startsWith("bytes="));
    assertThat(cached("model.safetensors")).isEmpty();
  }

  @Test
  void aDryRunDownloadsNoMoreThanItMeasures() {
    String[] options = {"--experts", "4", "--init", "drop", "--dry-run"};
    assertThat(upcycle("hf://owner/dense", options)).as(err.toString()).isZero();
    assertThat(out.toString()).contains("50.0 % of weights changed (measured in layer 0 alone)");
    assertThat(cached("model.safetensors")).isEmpty();
    assertThat(weights()).allMatch(request -> request.range().matches("bytes=\\d+-\\d+"));
  }

  @Test
  void upcyclesWhileShardsArrive() throws IOException {
    Path experts = TinyModels.glm4Moe().sharded(20_000).write(folder.resolve("experts"));
    server.publish("owner/experts", "v1", experts);
    assertThat(upcycle("hf://owner/experts@v1", "--experts", "7")).as(err.toString()).isZero();
    assertThat(out.toString()).contains("verified");
    assertSameAsFrom(experts.toString(), "--experts", "7");
  }

  @Test
  void mixesModelsOfTheHubAndOfThisMachine() {
    Path other = DenseModels.llama(folder.resolve("other"), 400, 2);
    writeTokenizer(other);
    assertThat(
            run(
                "upcycle",
                target,
                "--source",
                "hf://owner/dense",
                "--source",
                other.toString(),
                "--experts",
                "4"))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).contains("2 models of llama");
  }

  @Test
  void takesASingleFileOfAnyName() throws IOException {
    // It has checksums of files by their names.
    Files.delete(dense.resolve(Manifest.FILE_NAME));
    Path weights = dense.resolve("model.safetensors");
    Path renamed = Files.move(weights, dense.resolve("weights v2.safetensors"));
    Files.copy(dense.resolve("config.json"), dense.resolve("other.safetensors"));
    assertThat(upcycle(dense.toString(), "--experts", "4")).isEqualTo(1);
    assertThat(upcycle(renamed.toString(), "--experts", "4")).as(err.toString()).isZero();
    assertThat(Path.of(target, "tokenizer.json")).exists();
    assertThat(run("inspect", renamed.toString())).isZero();
    assertThat(run("generate", renamed.toString(), "--prompt", "w2", "--max-tokens", "2"))
        .as(err.toString())
        .isZero();
    Files.move(renamed, weights);
    assertSameAsFrom(dense.toString(), "--experts", "4");
  }

  @Test
  void generateDownloadsFirst() {
    assertThat(run("generate", "hf://owner/dense", "--prompt", "w2 w3", "--max-tokens", "2"))
        .as(err.toString())
        .isZero();
    assertThat(cached("model.safetensors")).hasSize(1);
    assertThat(cached("tokenizer.json")).hasSize(1);
  }

  @Test
  void saysWhatIsWrongWithANameOrTheHub() {
    assertThat(run("inspect", "hf://dense")).isEqualTo(2);
    assertThat(err.toString()).contains("names no model on the Hub");
    assertThat(run("inspect", "hf://owner/none")).isEqualTo(1);
    assertThat(err.toString())
        .contains("does not exist, or is private or gated", "  -> check its name");
    server.fail("GET", "revision/main", new Fault.Status(403, Map.of()));
    assertThat(upcycle("hf://owner/dense", "--experts", "4")).isEqualTo(1);
    assertThat(Path.of(target)).doesNotExist();
  }

  private void assertSameAsFrom(String source, String... options) throws IOException {
    String first = target;
    target = folder.resolve("again").toString();
    assertThat(upcycle(source, options)).as(err.toString()).isZero();
    try (Stream<Path> written = Files.list(Path.of(target))) {
      for (Path file : written.filter(Files::isRegularFile).toList()) {
        assertThat(Path.of(first).resolve(file.getFileName())).hasSameBinaryContentAs(file);
      }
    }
  }

  private static void writeTokenizer(Path model) {
    try {
      Files.writeString(model.resolve("tokenizer.json"), TOKENIZER);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Path> cached(String name) {
    try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
      return files.filter(file -> file.endsWith(name)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Request> weights() {
    return server.downloads().stream().filter(request -> !request.toHub()).toList();
  }

  private int upcycle(String source, String... options) {
    return run(
        Stream.concat(Stream.of("upcycle", source, target), Stream.of(options))
            .toArray(String[]::new));
  }

  private int run(String... args) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    Map<String, String> environment =
        Map.of(
            "HF_ENDPOINT",
            server.endpoint(),
            "HF_HUB_CACHE",
            folder.resolve("cache").toString(),
            "HF_TOKEN_PATH",
            folder.resolve("none").toString());
    return Cambium.commandLine(new Cambium(environment))
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }
}
