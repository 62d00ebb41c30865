package io.cambium.upcycle.dense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.Configs;
import io.cambium.upcycle.DenseExamples;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.dense.router.RouterInitialisation;
import io.cambium.upcycle.dense.router.RouterInitialisations;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.AbstractThrowableAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** Which family a dense model goes to, for which engines. */
class DenseHomeTest {

  private static final String ALL = "transformers4,transformers5,vllm,llama.cpp";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // source | transformers4 | transformers5 | vllm | llama.cpp
        "llama | mixtral | mixtral | mixtral | mixtral",
        "llama+attention_bias | none | granitemoe | none | none",
        "llama+attention_bias+head_dim | granitemoe | granitemoe | none | granitemoe",
        "llama_llama3rope_tied | mixtral | mixtral | mixtral | mixtral",
        "mistral | mixtral | mixtral | mixtral | mixtral",
        "qwen2 | qwen2_moe | qwen2_moe | qwen2_moe | granitemoe",
        "qwen3 | qwen3_moe | qwen3_moe | qwen3_moe | qwen3_moe",
        "qwen3+attention_bias | qwen3_moe | qwen3_moe | dots1 | none",
        "olmo2 | flex_olmo | flex_olmo | flex_olmo | none",
        "granite | granitemoe | granitemoe | granitemoe | granitemoe",
        "phi3 | mixtral | mixtral | mixtral | mixtral",
        "gemma | mixtral | mixtral | none | none",
        "smollm3 | none | none | none | none"
      })
  void theFirstFamilyThatEnginesRun(
      String model, String transformers4, String transformers5, String vllm, String llamaCpp)
      throws IOException {
    Path source = source(model);
    assertThat(home(source, "transformers4")).as("transformers4").isEqualTo(transformers4);
    assertThat(home(source, "transformers5")).as("transformers5").isEqualTo(transformers5);
    assertThat(home(source, "vllm")).as("vllm").isEqualTo(vllm);
    assertThat(home(source, "llama.cpp")).as("llama.cpp").isEqualTo(llamaCpp);
    boolean same = List.of(transformers5, vllm, llamaCpp).stream().allMatch(transformers4::equals);
    assertThat(home(source, ALL)).as("all").isEqualTo(same ? transformers4 : "none");
  }

  @Test
  void whereNoSingleHomeServesAllItSaysHowTwoRunsDo() throws IOException {
    refused(source("qwen2"), options(ALL, LayerChoice.ALL, null))
        .hasMessageContaining("mixtral: it has no layers[0] attention inputBias true, but false")
        .hasMessageContaining("qwen2_moe: llama.cpp: no: it never normalises")
        .hasMessageContaining("granitemoe: vllm: no: it drops the attention's biases")
        .hasMessageContaining("glm4_moe: llama.cpp: no: its converter asks for GLM's own")
        .hasMessageContaining(
            "run it once with each of: --runs-on transformers4,transformers5,vllm (goes to"
                + " qwen2_moe), --runs-on llama.cpp (goes to granitemoe)");
  }

  @Test
  void layersWithoutPositionsHaveNoHome() throws IOException {
    refused(source("smollm3"), options("transformers5", LayerChoice.ALL, null))
        .hasMessageContaining("mixtral: it has no layers[3] attention rope")
        .hasMessageContaining("change --layers or --family");
  }

  /** Dense layers between those with experts; granitemoe and mixtral have none. */
  @Test
  void denseLayersLeaveFewerFamilies() throws IOException {
    LayerChoice second = new LayerChoice("1::2");
    assertThat(home(source("llama"), options("transformers5", second, null)))
        .isEqualTo("qwen2_moe");
    assertThat(home(source("qwen3"), options("vllm", second, null))).isEqualTo("qwen3_moe");
    refused(folder.resolve("qwen3"), options("llama.cpp", second, null))
        .hasMessageContaining("qwen3_moe: llama.cpp: no: it refuses dense layers");
  }

  @Test
  void aFamilyThatIsAskedForIsTakenOrRefused() throws IOException {
    Path source = source("llama");
    LayerChoice all = LayerChoice.ALL;
    assertThat(home(source, options("transformers5,vllm", all, "glm4_moe"))).isEqualTo("glm4_moe");
    refused(source, options("llama.cpp", all, "glm4_moe")).hasMessageContaining("GLM's own");
    refused(source, options("transformers5", all, "deepseek_v3"))
        .hasMessageContaining("deepseek_v3: its experts cannot add up to a dense block");
  }

  @Test
  void aTokenizerOfGlmIsKnownByItsTokens() throws IOException {
    Path source = source("qwen2");
    Files.writeString(source.resolve("tokenizer.json"), "{\"added_tokens\": [\"[gMASK]\"]}");
    assertThat(home(source, ALL)).isEqualTo("glm4_moe");
  }

  @Test
  void aWindowThatIsIgnoredIsAWarningWithItsLength() throws IOException {
    DenseOptions options = options("llama.cpp", LayerChoice.ALL, null);
    try (SourceCheckpoint source =
        SourceCheckpoint.open(CheckpointSource.of(source("mistral")), 0)) {
      assertThat(
              DensePlanner.of(List.of(source), OptionalInt.empty(), options)
                  .plan(folder.resolve("target"), Directions.NONE)
                  .warnings())
          .anyMatch(warning ->
              warning.startsWith("llama.cpp: yes, but: it ignores the sliding")
                  && warning.contains("up to 8 tokens"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2+sliding", "qwen3+sliding"})
  void layersThatSlideAreNamedWithTheirKeys(String model) throws IOException {
    refused(source(model), options("transformers5", LayerChoice.ALL, null))
        .hasMessageContainingAll(
            "from layer 1 on, have a window of 8 tokens",
            "\"use_sliding_window\", \"sliding_window\", \"max_window_layers\" in config.json",
            "set \"use_sliding_window\" to false");
  }

  /** A window is no reason where the layers in between, or the family, are. */
  @Test
  void windowsAreBlamedOnlyWhereTheyAreInTheWay() throws IOException {
    Path mistral = source("mistral");
    refused(mistral, options("transformers5", LayerChoice.ALL, "deepseek_v3"))
        .hasMessageNotContaining("window of")
        .hasMessageContaining("change --layers or --family");
    refused(mistral, options("transformers5", new LayerChoice("1::2"), null))
        .hasMessageContaining("have a window of 8 tokens")
        .hasMessageContaining("in a copy, set \"sliding_window\" to null");
    refused(source("qwen2+sliding"), options("transformers5", LayerChoice.ALL, "mixtral"))
        .hasMessageNotContaining("window of");
  }

  /** All of its layers at once, since its class has no other way to be without windows. */
  @Test
  void aRemedyIsOneThatTheClassTakes() throws IOException {
    refused(source("olmo3+one_rope"), options("transformers5", LayerChoice.ALL, null))
        .hasMessageContaining("every entry of \"layer_types\" to \"full_attention\"");
    // Its full layers have another rope, which is in the way as well.
    refused(source("olmo3"), options("transformers5", LayerChoice.ALL, null))
        .hasMessageNotContaining("full_attention");
  }

  @Test
  void whatCannotGoIntoTheWeightsIsNamedBesideWhatCan() throws IOException {
    refused(source("gemma"), options("transformers5", new LayerChoice("1::2"), "mixtral"))
        .hasMessageContaining("mixtral: it has no norms fromOne true, but false; and with that in")
        .hasMessageContaining("in the weights, it has no layers[0] feedForward");
    refused(source("qwen2"), options("transformers5", LayerChoice.ALL, "mixtral"))
        .hasMessageNotContaining("in the weights");
  }

  @Test
  void noEngineIsSaidToChooseByTokenId() throws IOException {
    RouterInitialisation hash = RouterInitialisations.named("hash", null, new LinkedHashMap<>());
    DenseOptions options = options("", LayerChoice.ALL, null, hash);
    try (SourceCheckpoint source = SourceCheckpoint.open(CheckpointSource.of(source("llama")), 0)) {
      assertThat(DenseHome.choose(source, options).engines().values())
          .hasSize(4)
          .allSatisfy(verdict ->
              assertThat(verdict.toString())
                  .startsWith("no: it chooses experts by token id, engines by plain top-K"));
    }
    assertThatThrownBy(() -> options("vllm", LayerChoice.ALL, null, hash))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("option runs-on: vllm would not choose experts as the router hash");
  }

  @Test
  void aMissingLengthIsNotGuessed() throws IOException {
    Path source = source("llama");
    Configs.edit(source, config -> config.remove("max_position_embeddings"));
    assertThatThrownBy(() -> home(source, options("transformers5", LayerChoice.ALL, null)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("lacks \"max_position_embeddings\"");
  }

  @Test
  void numbersThatAreNoneAreBlamedOnTheirOption() {
    refusedNumber(1, 1, "option experts: 1 copies");
    refusedNumber(100_000, 1, "option experts: 100000 copies", "name 2 to 65536");
    refusedNumber(4, 100_000, "option granularity: 100000 makes no sound", "name 1 to 16384");
  }

  private static void refusedNumber(int copies, int granularity, String... words) {
    assertThatThrownBy(() -> DenseExamples.options(copies, granularity, "copy"))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll(words);
  }

  /** A golden's config with fresh weights; behind a plus, what is changed. */
  private Path source(String model) throws IOException {
    List<String> parts = List.of(model.split("\\+"));
    ObjectNode config = Goldens.config(parts.getFirst());
    if (parts.contains("attention_bias")) {
      config.put("attention_bias", true);
    }
    if (parts.contains("sliding")) {
      config.put("use_sliding_window", true).put("sliding_window", 8).put("max_window_layers", 1);
      config.remove("layer_types");
    }
    if (parts.contains("one_rope")) {
      ObjectNode ropes = (ObjectNode) config.get("rope_parameters");
      ropes.set("full_attention", ropes.get("sliding_attention"));
    }
    if (parts.contains("head_dim")) {
      config.put("head_dim", 12);
    }
    if (model.equals("phi3")) {
      return Goldens.unpack(model, folder);
    }
    Path directory = Files.createDirectory(folder.resolve(model));
    FreshModel.write(directory, config, 1);
    return directory;
  }

  private static String home(Path source, String engines) {
    try {
      return home(source, options(engines, LayerChoice.ALL, null));
    } catch (UsageException _) {
      return "none";
    }
  }

  private static String home(Path path, DenseOptions options) {
    try (SourceCheckpoint source = SourceCheckpoint.open(CheckpointSource.of(path), 0)) {
      return DenseHome.choose(source, options).family().modelType();
    }
  }

  private static AbstractThrowableAssert<?, ?> refused(Path source, DenseOptions options) {
    return assertThatThrownBy(() -> home(source, options)).isInstanceOf(UsageException.class);
  }

  private static DenseOptions options(String engines, LayerChoice layers, @Nullable String family) {
    return options(engines, layers, family, Normal.DEFAULT);
  }

  private static DenseOptions options(
      String engines, LayerChoice layers, @Nullable String family, RouterInitialisation router) {
    return new DenseOptions(
        4,
        2,
        1,
        layers,
        false,
        ExpertInitialisations.named("copy", Parameters.DEFAULT),
        router,
        Optional.ofNullable(family),
        engines.isEmpty() ? List.of() : Engine.parse(engines),
        0,
        false);
  }
}
