package io.cambium.cli;

import io.cambium.training.FreshCheckpoint;
import io.cambium.training.config.ModelSizes;
import io.cambium.training.data.TokenizerFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cambium init}: a model that nobody has trained. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Writes a fresh random model: weights N(0, 0.02), norms 1, biases 0. The same sizes and"
            + " seed give the same bytes.",
    footer = {"", "Example:", "  cambium init fresh --experts 8 --tokenizer corpus/tokenizer.json"})
final class InitCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DIR", description = "The directory to write.")
  private Path directory;

  @Option(names = "--family", paramLabel = "NAME", description = "The model_type of config.json.")
  private String family = ModelSizes.DEFAULT.family();

  @Option(names = "--hidden", paramLabel = "N", description = "Hidden size.")
  private int hidden = ModelSizes.DEFAULT.hidden();

  @Option(names = "--layers", paramLabel = "N", description = "Layers in all.")
  private int layers = ModelSizes.DEFAULT.layers();

  @Option(names = "--dense-layers", paramLabel = "N", description = "First layers without experts.")
  private int denseLayers = ModelSizes.DEFAULT.denseLayers();

  @Option(
      names = "--route-every",
      paramLabel = "N",
      description = "Of the others each N-th has experts.")
  private int routeEvery = ModelSizes.DEFAULT.routeEvery();

  @Option(names = "--heads", paramLabel = "N", description = "Query heads.")
  private int heads = ModelSizes.DEFAULT.heads();

  @Option(
      names = "--kv-heads",
      paramLabel = "N",
      description = "Key and value heads, a divisor of the query heads.")
  private int kvHeads = ModelSizes.DEFAULT.kvHeads();

  @Option(names = "--head-dim", paramLabel = "N", description = "Size of a head.")
  private int headDim = ModelSizes.DEFAULT.headDim();

  @Option(names = "--experts", paramLabel = "N", description = "Routed experts in a layer.")
  private int experts = ModelSizes.DEFAULT.experts();

  @Option(names = "--top-k", paramLabel = "N", description = "Routed experts for each token.")
  private int topK = ModelSizes.DEFAULT.topK();

  @Option(names = "--ffn", paramLabel = "N", description = "Width of an expert.")
  private int ffn = ModelSizes.DEFAULT.ffn();

  @Option(names = "--dense-ffn", paramLabel = "N", description = "Width of a dense layer.")
  private int denseFfn = ModelSizes.DEFAULT.denseFfn();

  @Option(names = "--shared", paramLabel = "N", description = "Shared experts.")
  private int shared = ModelSizes.DEFAULT.shared();

  @Option(
      names = "--vocab",
      paramLabel = "N",
      defaultValue = Option.NULL_VALUE,
      description = "Vocabulary (default: the tokenizer's, else " + DEFAULT_VOCAB + ").")
  private @Nullable Integer vocab;

  @Option(names = "--context", paramLabel = "N", description = "Longest sequence.")
  private int context = ModelSizes.DEFAULT.context();

  @Option(names = "--tied", description = "One matrix for input and output embeddings.")
  private boolean tied;

  @Option(names = "--qk-norm", description = "Normalise queries and keys, head by head.")
  private boolean headNorm;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the weights.")
  private long seed;

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      defaultValue = Option.NULL_VALUE,
      description = "A tokenizer.json to put beside the weights.")
  private @Nullable Path tokenizer;

  @Option(names = "--overwrite", description = "Replace the directory if it exists.")
  private boolean overwrite;

  @Spec private CommandSpec spec;

  private static final int DEFAULT_VOCAB = 4096;

  @Override
  public Integer call() {
    FreshCheckpoint.write(directory, sizes().config(vocab()), tokenizer, seed, overwrite);
    spec.commandLine().getOut().println("wrote " + directory);
    return 0;
  }

  private ModelSizes sizes() {
    return new ModelSizes(
        family,
        hidden,
        layers,
        denseLayers,
        routeEvery,
        heads,
        kvHeads,
        headDim,
        experts,
        topK,
        ffn,
        denseFfn,
        shared,
        context,
        tied,
        headNorm);
  }

  private int vocab() {
    if (vocab != null) {
      return vocab;
    }
    return tokenizer == null ? DEFAULT_VOCAB : TokenizerFile.read(tokenizer).vocabSize();
  }
}
