package io.cambium.upcycle.engine;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/** A checkpoint for engines to judge: a golden's config.json, and what is done to it. */
final class Example {

  private final ObjectNode config;
  private boolean biased;
  private DType dtype = DType.F32;
  private boolean usualForm = true;
  private boolean glmTokens = true;
  private Manifest manifest = Manifest.EMPTY;

  private Example(ObjectNode config) {
    this.config = config;
  }

  /**
   * As Cambium writes it: with every key that engines guess at, and with experts in all layers or
   * in all but the first.
   */
  static Example of(String golden) {
    Example saved = asSaved(golden).put("decoder_sparse_step", 1);
    saved.with(json -> json.putArray("mlp_only_layers"));
    saved.put("moe_layer_end_index", -1).put("moe_layer_interval", 1);
    return new Example(Families.named(modelType(saved.config)).spelledOut(saved.config));
  }

  /** As transformers saved it. */
  static Example asSaved(String golden) {
    return new Example(Goldens.config(golden));
  }

  private static String modelType(ObjectNode config) {
    return config.path("model_type").asString();
  }

  Example with(Consumer<ObjectNode> change) {
    change.accept(config);
    return this;
  }

  Example put(String key, int value) {
    return with(json -> json.put(key, value));
  }

  Example put(String key, boolean value) {
    return with(json -> json.put(key, value));
  }

  /** A rope of this kind, in both styles. */
  Example rope(String scaling) {
    double theta = config.path("rope_parameters").path("rope_theta").asDouble();
    ObjectNode rope = (ObjectNode) Json.MAPPER.readTree(scaling);
    return with(json -> {
      json.set("rope_scaling", rope);
      json.set("rope_parameters", rope.deepCopy().put("rope_theta", theta));
    });
  }

  Example llama3() {
    return rope(
        """
        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 32}\
        """);
  }

  Example linear() {
    return rope("{\"rope_type\": \"linear\", \"factor\": 4.0}");
  }

  /** For heads of 12 dimensions. */
  Example longRope() {
    return put("original_max_position_embeddings", 32)
        .rope(
            """
            {"rope_type": "longrope", "short_factor": [1, 1, 1, 1, 1, 1],
             "long_factor": [2, 2, 2, 2, 2, 2], "original_max_position_embeddings": 32}\
            """);
  }

  Example yarn() {
    return rope(
        """
        {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}\
        """);
  }

  /** With biases on all projections, whatever the class has. */
  Example biased() {
    biased = true;
    return this;
  }

  Example of(DType value) {
    dtype = value;
    return this;
  }

  Example fused() {
    usualForm = false;
    return this;
  }

  Example withForeignTokenizer() {
    glmTokens = false;
    return this;
  }

  Example selecting(Manifest.Selection selection) {
    manifest =
        selection.isRelease()
            ? Manifest.EMPTY.withGrowth(growth(selection), selection)
            : Manifest.EMPTY.withSelection(selection);
    return this;
  }

  private static Manifest.Growth growth(Manifest.Selection selection) {
    SortedMap<Integer, List<Integer>> parents = new TreeMap<>(Map.of(0, List.of(0, 1, 0, 1)));
    return new Manifest.Growth(
        selection.mode().name(), "copy", 0, 0, "copy", 0, "copy", 0, null, 2, 4, parents);
  }

  Candidate candidate() {
    DecoderSpec decoder =
        Families.named(modelType(config)).decoder(new ModelConfig(Path.of("config.json"), config));
    return new Candidate(
        modelType(config),
        biased ? biased(decoder) : decoder,
        config,
        dtype,
        usualForm,
        glmTokens,
        manifest);
  }

  private static DecoderSpec biased(DecoderSpec plain) {
    return new DecoderSpec(
        plain.vocabSize(),
        plain.hiddenSize(),
        plain.tiedEmbeddings(),
        plain.norms(),
        plain.scales(),
        plain.layers().stream()
            .map(layer ->
                new Layer(
                    ((GroupedQuery) layer.attention()).withBiases(true, true), layer.feedForward()))
            .toList());
  }
}
