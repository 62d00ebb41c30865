package io.cambium.checkpoint.testing;

import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.FreshModel.Normal;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.ModelTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A random glm4_moe checkpoint of any small size, for tests: hidden states and logits of scale 1,
 * routing that differs by token, and no norm or bias at its neutral value. The same sizes and seed
 * give the same bytes.
 *
 * <pre>{@code
 * Path source = TinyModels.glm4Moe().experts(5).topK(3).seed(11).write(temporary.resolve("source"));
 * }</pre>
 */
public final class TinyModels {

  private static final int MAX_POSITIONS = 1024;
  private static final double NORM_EPS = 1e-5;
  private static final double ROPE_THETA = 10_000;
  private static final double ROUTER_DEVIATION = 2;
  private static final double SMALL_DEVIATION = 0.1;

  private int vocab = 61;
  private int hidden = 24;
  private int layers = 3;
  private int denseLayers = 1;
  private int heads = 4;
  private int kvHeads = 2;
  private int headDim = 8;
  private int experts = 5;
  private int topK = 2;
  private int expertSize = 12;
  private int denseSize = 20;
  private int sharedExperts = 1;
  private double routedScale = 1.5;
  private boolean attentionBias = true;
  private boolean headNorm = true;
  private boolean tied;
  private long shardBytes = CheckpointWriter.DEFAULT_SHARD_BYTES;
  private long seed = 1;

  private TinyModels() {}

  /** 3 layers, the first dense; 5 experts, top-2; biases and head norms; untied, one file. */
  public static TinyModels glm4Moe() {
    return new TinyModels();
  }

  public TinyModels vocab(int size) {
    vocab = size;
    return this;
  }

  public TinyModels hidden(int size) {
    hidden = size;
    return this;
  }

  /** Layers in all, and how many of them, counted from the first, are dense. */
  public TinyModels layers(int all, int dense) {
    layers = all;
    denseLayers = dense;
    return this;
  }

  public TinyModels heads(int queries, int keysAndValues, int size) {
    heads = queries;
    kvHeads = keysAndValues;
    headDim = size;
    return this;
  }

  public TinyModels experts(int count) {
    experts = count;
    return this;
  }

  public TinyModels topK(int count) {
    topK = count;
    return this;
  }

  /** Width of a routed expert. */
  public TinyModels expertSize(int width) {
    expertSize = width;
    return this;
  }

  /** Width of the dense layers. */
  public TinyModels denseSize(int width) {
    denseSize = width;
    return this;
  }

  public TinyModels sharedExperts(int count) {
    sharedExperts = count;
    return this;
  }

  public TinyModels routedScale(double factor) {
    routedScale = factor;
    return this;
  }

  public TinyModels attentionBias(boolean present) {
    attentionBias = present;
    return this;
  }

  public TinyModels headNorm(boolean present) {
    headNorm = present;
    return this;
  }

  public TinyModels tied() {
    tied = true;
    return this;
  }

  /** Several files of about this size instead of one. */
  public TinyModels sharded(long bytes) {
    shardBytes = bytes;
    return this;
  }

  public TinyModels seed(long value) {
    seed = value;
    return this;
  }

  public DecoderSpec spec() {
    Router router = new Router(Score.SIGMOID, true, true, routedScale);
    Mixture mixture = new Mixture(experts, topK, expertSize, expertSize * sharedExperts, router);
    HeadNorm norm = headNorm ? HeadNorm.PER_HEAD : HeadNorm.NONE;
    return DecoderSpec.plain(
        vocab,
        hidden,
        NORM_EPS,
        tied,
        GroupedQuery.plain(
            heads, kvHeads, headDim, attentionBias, norm, Rope.overHalf(ROPE_THETA, headDim)),
        DecoderSpec.denseThenMixture(denseLayers, new Dense(denseSize), layers, mixture));
  }

  /** Writes the checkpoint into a new directory and returns it. */
  public Path write(Path directory) {
    try {
      Files.createDirectory(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    FreshModel.write(
        directory,
        Families.named("glm4_moe").newConfig(spec(), MAX_POSITIONS),
        seed,
        shardBytes,
        this::distribution);
    return directory;
  }

  private Normal distribution(ModelTensor tensor) {
    List<Long> shape = tensor.shape();
    return switch (tensor.part()) {
      // Tied, the embedding is the output projection too, which sets the logits' scale.
      case EMBEDDING -> new Normal(0, tied ? 1 / Math.sqrt(hidden) : 1);
      case ROUTER -> new Normal(0, ROUTER_DEVIATION / Math.sqrt(hidden));
      default -> {
        if (tensor.part().isNormOrBias()) {
          yield new Normal(tensor.part().isNorm() ? 1 : 0, SMALL_DEVIATION);
        }
        yield new Normal(0, 1 / Math.sqrt(shape.getLast()));
      }
    };
  }
}
