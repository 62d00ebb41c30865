package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * One model family, described as data: what its config.json says, which tensors its checkpoints
 * hold, and what a change of the expert count touches. To add a family, copy the smallest neighbour
 * and register it in {@link Families}.
 */
public abstract class Family {

  /** Buffers that old checkpoints hold and every loader computes for itself. */
  private static final Pattern COMPUTED = Pattern.compile(".*\\.rotary_emb\\.inv_freq");

  /** The {@code model_type} of config.json. */
  public abstract String modelType();

  /** The entry of {@code architectures} in config.json. */
  public abstract String architecture();

  /**
   * What the checkpoint computes.
   *
   * @throws io.cambium.checkpoint.CheckpointException if a key is missing, or asks for something
   *     not supported
   */
  public abstract DecoderSpec decoder(ModelConfig config);

  /** What the tensors are called, in each form that a checkpoint may have; the usual one first. */
  abstract List<TensorNames> layouts();

  /** The keys that a change of the experts touches; null for a dense family. */
  @Nullable ExpertKeys expertKeys() {
    return null;
  }

  /**
   * In what form the checkpoint stores its weights.
   *
   * @throws io.cambium.checkpoint.CheckpointException if it is one that is not known of this family
   */
  public Quantisation quantisation(ModelConfig config) {
    config.requireAbsent(Quantisation.KEY);
    return new Quantisation.None();
  }

  /** Every tensor on disk, in model order, in the family's usual form. */
  public final List<ModelTensor> tensors(DecoderSpec spec) {
    return tensors(spec, new Quantisation.None());
  }

  /** The same with weights in fewer bits. */
  public final List<ModelTensor> tensors(DecoderSpec spec, Quantisation quantisation) {
    return TensorList.of(spec, layouts().getFirst(), quantisation);
  }

  /**
   * Every tensor of another decoder, in the form that a checkpoint has.
   *
   * @param spec what the checkpoint computes
   * @param onDisk the names of its tensors
   */
  public final List<ModelTensor> tensorsLike(
      DecoderSpec spec, Set<String> onDisk, DecoderSpec other) {
    TensorNames form =
        layouts().stream()
            .filter(names ->
                TensorList.of(spec, names, new Quantisation.None()).stream()
                    .allMatch(tensor -> onDisk.contains(tensor.name())))
            .findFirst()
            .orElse(layouts().getFirst());
    return TensorList.of(other, form, new Quantisation.None());
  }

  /** What experts the family can put in the place of a dense block; null if it has no such form. */
  public @Nullable MixtureForm mixtureForm() {
    return null;
  }

  /** Writes the keys that are the family's own. Those that most families share are there. */
  void writeConfig(ConfigWriter config) {
    throw new UsageException(
        null,
        "Cambium writes no new models of family " + modelType(),
        "the families that it writes: llama, "
            + Families.ALL.stream()
                .filter(family -> family.mixtureForm() != null)
                .map(Family::modelType)
                .collect(Collectors.joining(", ")));
  }

  /**
   * A config.json for a new model: {@code decoder(newConfig(spec, n))} is {@code spec} again.
   *
   * @throws UsageException if the family is not one that Cambium writes models of
   * @throws IllegalArgumentException if the family cannot compute what the decoder does; the
   *     message says where they differ
   */
  public final ObjectNode newConfig(DecoderSpec spec, int maxPositions) {
    ConfigWriter writer = new ConfigWriter(this, spec, maxPositions);
    writeConfig(writer);
    ModelConfig written = new ModelConfig(Path.of("config.json"), writer.json());
    written.requirePositiveInt("max_position_embeddings");
    DecoderSpec read = readBack(written);
    if (!read.equals(spec)) {
      throw new IllegalArgumentException("it has no " + SpecDifference.first(spec, read));
    }
    return writer.json();
  }

  private DecoderSpec readBack(ModelConfig written) {
    try {
      return decoder(written);
    } catch (CheckpointException e) {
      throw new IllegalArgumentException("its class refuses " + e.getMessage(), e);
    }
  }

  /** The same config.json with another number of routed experts, under every key that names it. */
  public final ObjectNode withExperts(ObjectNode config, int experts) {
    return requireExperts().withExperts(config, experts);
  }

  /** The same config.json with another number of experts per token. */
  public final ObjectNode withTopK(ObjectNode config, int topK) {
    return requireExperts().withTopK(config, topK);
  }

  /** The same config.json with another factor on the routing weights. */
  public final ObjectNode withRouterScale(ObjectNode config, double scale) {
    return requireExperts().withScale(config, scale);
  }

  /**
   * The same config.json with what some engine would else guess wrongly: the rope in the style of
   * transformers 4 beside that of 5, and how a DeepSeek router chooses.
   */
  public final ObjectNode spelledOut(ObjectNode config) {
    ObjectNode spelled = config.deepCopy();
    RopeConfig.addOlderStyle(spelled);
    spellOut(spelled);
    return spelled;
  }

  /** Adds keys that are the family's own, to a config.json that may lack them. */
  void spellOut(ObjectNode config) {}

  private ExpertKeys requireExperts() {
    ExpertKeys keys = expertKeys();
    if (keys == null) {
      throw new UsageException(
          null, modelType() + " has no experts", "give a Mixture-of-Experts model");
    }
    return keys;
  }

  /** The same config.json without layers behind the last that predict further tokens. */
  public final ObjectNode withoutPredictionLayers(ObjectNode config) {
    return config.deepCopy().put(PredictionLayers.KEY, 0);
  }

  /** Whether the family's own loader leaves this tensor out. */
  public final boolean ignores(String tensor, ModelConfig config) {
    return COMPUTED.matcher(tensor).matches() || isOfPredictionLayer(tensor, config);
  }

  /** Whether the tensor belongs to a layer behind the last that predicts further tokens. */
  public boolean isOfPredictionLayer(String tensor, ModelConfig config) {
    return false;
  }
}
