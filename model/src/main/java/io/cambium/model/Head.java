package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Part;
import java.util.function.Consumer;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * From the last layer's output to logits and their cross entropy. The loss takes a few tokens at a
 * time, so that the logits of a batch never exist at once: they stay in the cache at 4,096 entries,
 * and within memory at 150,000.
 *
 * <p>T tokens, C tokens of a chunk, D hidden, V vocabulary.
 */
final class Head {

  /** Logits of a chunk: 2 MB in fp32. */
  private static final long CHUNK_LOGITS = 1 << 19;

  /** Fewer tokens would make the products with a large vocabulary's matrix slow. */
  private static final long LEAST_TOKENS = 64;

  private final DecoderSpec spec;

  Head(DecoderSpec spec) {
    this.spec = spec;
  }

  private Part part() {
    return spec.tiedEmbeddings() ? Part.EMBEDDING : Part.LM_HEAD;
  }

  private Tensor norm(Tensor hidden_TD, Parameters parameters) {
    return Ops.times(
        Ops.rmsNorm(hidden_TD, parameters.get(Part.FINAL_NORM), spec.norms()),
        1 / spec.scales().logits());
  }

  /** [T, V]. */
  Tensor logits(Tensor hidden_TD, Parameters parameters) {
    return parameters.linear(norm(hidden_TD, parameters), part());
  }

  /** Sum over the tokens of the cross entropy in nats, without gradients. */
  double loss(Tensor hidden_TD, Tensor targets_T, Parameters parameters) {
    Tensor normed_TD = norm(hidden_TD, parameters);
    double[] sum = new double[1];
    Tensor weight_VD = parameters.get(part()).to(normed_TD.scalar_type());
    forEachChunk(normed_TD, targets_T, weight_VD, chunk -> sum[0] += chunk.loss());
    return sum[0];
  }

  /** The log probability of each token's target in nats, without gradients. */
  double[] logProbabilities(Tensor hidden_TD, Tensor targets_T, Parameters parameters) {
    Tensor normed_TD = norm(hidden_TD, parameters);
    double[] all_T = new double[Math.toIntExact(targets_T.size(0))];
    forEachChunk(
        normed_TD,
        targets_T,
        parameters.get(part()),
        chunk -> {
          double[] some_C = chunk.targetLogProbabilities();
          System.arraycopy(some_C, 0, all_T, Math.toIntExact(chunk.start()), some_C.length);
        });
    return all_T;
  }

  /**
   * The sum of the cross entropy, with gradients of it divided by {@code batchTokens} carried down
   * to {@code hidden_TD} and into the weights.
   */
  double backward(Tensor hidden_TD, Tensor targets_T, long batchTokens, Parameters parameters) {
    Tensor normed_TD = norm(hidden_TD, parameters);
    Tensor dNormed_TD = torch.empty_like(normed_TD);
    Tensor weight_VD = parameters.get(part());
    Tensor dWeight_VD = weight_VD.requires_grad() ? parameters.gradient(part()) : null;
    Scalar one = Torch.scalar(1);
    Scalar scale = Torch.scalar(1.0 / batchTokens);
    double[] sum = new double[1];
    try (AutoGradMode off = new AutoGradMode(false)) {
      forEachChunk(
          normed_TD,
          targets_T,
          weight_VD,
          chunk -> {
            sum[0] += chunk.loss();
            Tensor dLogits_CV = chunk.softmaxLessTarget_CV().to(weight_VD.scalar_type());
            torch.mm_out(chunk.rowsOf(dNormed_TD), dLogits_CV, weight_VD);
            if (dWeight_VD != null) {
              dWeight_VD.addmm_(dLogits_CV.t(), chunk.rowsOf(normed_TD), one, scale);
            }
          });
      dNormed_TD.mul_(scale);
    }
    if (normed_TD.requires_grad()) {
      torch.backward(
          new TensorVector(normed_TD),
          new TensorVector(dNormed_TD),
          new BoolOptional(),
          false,
          new TensorVector());
    }
    return sum[0];
  }

  /** A run of tokens, valid until the next. */
  private record Chunk(long start, Tensor targets_C1, Tensor logProbabilities_CV) {

    double[] targetLogProbabilities() {
      return Torch.doubles(logProbabilities_CV.gather(1, targets_C1).to(ScalarType.Double));
    }

    double loss() {
      return -logProbabilities_CV.gather(1, targets_C1).sum().item_double();
    }

    /** The gradient of {@link #loss} by the logits. It takes the place of the log probabilities. */
    Tensor softmaxLessTarget_CV() {
      Tensor one_C1 = torch.ones_like(targets_C1).to(logProbabilities_CV.scalar_type());
      return logProbabilities_CV.exp_().scatter_add_(1, targets_C1, one_C1.neg_());
    }

    Tensor rowsOf(Tensor x_TD) {
      return x_TD.narrow(0, start, targets_C1.size(0));
    }
  }

  private static long chunkTokens(long tokens, long vocabulary) {
    return Math.min(tokens, Math.max(LEAST_TOKENS, CHUNK_LOGITS / vocabulary));
  }

  /** How many logits exist at a time. */
  static long chunkLogits(long tokens, long vocabulary) {
    return chunkTokens(tokens, vocabulary) * vocabulary;
  }

  private static void forEachChunk(
      Tensor normed_TD, Tensor targets_T, Tensor weight_VD, Consumer<Chunk> work) {
    long tokens = normed_TD.size(0);
    long vocabulary = weight_VD.size(0);
    long most = chunkTokens(tokens, vocabulary);
    Tensor logits_CV = Torch.empty(normed_TD.scalar_type().intern(), most, vocabulary);
    ScalarType wide = Ops.wide(normed_TD);
    Tensor logProbabilities_CV = Torch.empty(wide, most, vocabulary);
    for (long start = 0; start < tokens; start += most) {
      long first = start;
      long count = Math.min(most, tokens - start);
      Scopes.freeAll(() -> {
        Tensor out_CV = logits_CV.narrow(0, 0, count);
        torch.mm_out(out_CV, normed_TD.narrow(0, first, count), weight_VD.t());
        Tensor log_CV = logProbabilities_CV.narrow(0, 0, count);
        torch.log_softmax_out(log_CV, out_CV, 1, new ScalarTypeOptional(wide));
        work.accept(new Chunk(first, targets_T.narrow(0, first, count).unsqueeze(1), log_CV));
      });
    }
  }
}
