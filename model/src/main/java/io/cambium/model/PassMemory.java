package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;

/**
 * What passes need in memory beside weights and gradients, in bytes: counted in the tensors that
 * {@link Pass}, {@link Head} and {@link ExpertExchange} hold, in fp32.
 *
 * <p>T tokens of a worker, K slots per token, D hidden, E experts, F width.
 */
public final class PassMemory {

  private static final long FLOAT = Float.BYTES;

  /**
   * Tensors of a router's size: six of the choice and for its gradient (logits, scores, what is
   * compared, the lineages' share), and four of the agreement loss.
   */
  private static final long ROUTER_TENSORS = 10;

  /** Tensors of the hidden size that the way back through a layer has at a time. */
  private static final long TEMPORARIES = 12;

  private final DecoderSpec spec;
  private final long length_S;
  private final boolean separateDocuments;
  private final boolean recomputes;
  private final long hidden_D;

  /**
   * @param length tokens of a sequence
   * @param separateDocuments whether every layer has a mask of its own for each sequence
   * @param recomputes whether activations are computed again, {@link Decoder#recompute}
   */
  public PassMemory(DecoderSpec spec, int length, boolean separateDocuments, boolean recomputes) {
    this.separateDocuments = separateDocuments;
    this.recomputes = recomputes;
    this.spec = spec;
    this.length_S = length;
    this.hidden_D = spec.hiddenSize();
  }

  /** What one worker holds where the forward pass ends and the backward pass begins. */
  public long forward(long sequences) {
    long kept = 0;
    long largest = 0;
    for (DecoderSpec.Layer layer : spec.layers()) {
      long attention = attention(layer.attention(), sequences);
      kept += kept(attention, sequences);
      largest = Math.max(largest, attention);
      switch (layer.feedForward()) {
        case Dense dense -> {
          long feedForward = dense(dense, tokens(sequences));
          kept += kept(feedForward, sequences);
          largest = Math.max(largest, feedForward);
        }
        case Mixture mixture -> kept += 2 * hidden(sequences) + mixture(mixture, sequences);
      }
    }
    return FLOAT
        * (kept + (recomputes ? largest : 0) + head(sequences) + TEMPORARIES * hidden(sequences));
  }

  /** Of a block that is computed again, the result alone. */
  private long kept(long block, long sequences) {
    return recomputes ? hidden(sequences) : block;
  }

  /** What one worker still holds at the end of the backward pass. */
  public long backward(long sequences) {
    long cuts = spec.layers().size() * hidden(sequences);
    return passing(sequences) + FLOAT * (cuts + TEMPORARIES * hidden(sequences));
  }

  /** What one worker holds at the end of a pass without gradients. */
  public long passing(long sequences) {
    long floats = 0;
    for (DecoderSpec.Layer layer : spec.layers()) {
      floats += hidden(sequences);
      floats +=
          switch (layer.feedForward()) {
            case Dense _ -> hidden(sequences);
            case Mixture mixture -> 2 * hidden(sequences) + mixture(mixture, sequences);
          };
    }
    return FLOAT * (floats + head(sequences));
  }

  /**
   * The rows that all workers share, of every layer, and what the kernels have at a time.
   *
   * @param ranks that share the experts: a rank's own are then taken to be sent up to twice what it
   *     sends
   */
  public long experts(long sequences, int workers, int ranks) {
    long floats = 0;
    long scratch = 0;
    for (int layer : spec.mixtureLayers()) {
      Mixture mixture = spec.mixture(layer);
      long brought_N = tokens(sequences) * mixture.topK();
      long rows_M = ranks == 1 ? brought_N : 2 * brought_N;
      long travelling = ranks == 1 ? 0 : 2 * brought_N + rows_M;
      floats += rows_M * (hidden_D + 2L * mixture.intermediateSize());
      long perExpert = Math.min(rows_M, 2 * rows_M * ranks / mixture.experts());
      scratch =
          Math.max(
              scratch,
              (3 * rows_M + travelling) * hidden_D
                  + 4L * workers * perExpert * mixture.intermediateSize());
    }
    return FLOAT * (floats + scratch);
  }

  private long tokens(long sequences) {
    return sequences * length_S;
  }

  private long hidden(long sequences) {
    return tokens(sequences) * hidden_D;
  }

  /** Both norms' results, queries, repeated keys and values, what they gave, and the result. */
  private long attention(Attention attention, long sequences) {
    long tokens = tokens(sequences);
    long perToken =
        switch (attention) {
          case GroupedQuery grouped ->
              (long) grouped.headDim() * (4 * grouped.heads() + normed(grouped));
          case Latent latent ->
              latent.heads() * (3L * latent.queryDim() + 2L * latent.valueDim())
                  + 2L * (latent.queryRank() + latent.keyValueRank());
        };
    long sinks =
        attention instanceof GroupedQuery grouped && grouped.sinks()
            ? 3 * tokens * grouped.heads() * (length_S + 1)
            : 0;
    long mask = separateDocuments ? tokens * length_S / FLOAT : 0; // a byte an entry
    return tokens * (perToken + attention.heads()) + 3 * hidden(sequences) + sinks + mask;
  }

  private static int normed(GroupedQuery grouped) {
    return grouped.headNorm() == HeadNorm.NONE ? 0 : 2 * (grouped.heads() + grouped.kvHeads());
  }

  private long dense(Dense dense, long tokens) {
    return tokens * (3 * hidden_D + unit(dense.activation()) * dense.intermediateSize());
  }

  /** Tensors of the width that a gated unit keeps. */
  private static long unit(Activation activation) {
    return activation == Activation.CLAMPED_SWISH ? 8 : 4;
  }

  /** Slots, outputs and their sum, the router, and the shared expert. */
  private long mixture(Mixture mixture, long sequences) {
    long slots = mixture.topK() * (mixture.router().weightsInput() ? 3L : 2L) + 1;
    long shared =
        mixture.sharedIntermediateSize() == 0
            ? 0
            : hidden_D + unit(mixture.activation()) * mixture.sharedIntermediateSize();
    return tokens(sequences) * (slots * hidden_D + ROUTER_TENSORS * mixture.experts() + shared);
  }

  /** The final norm and its gradient, and the logits of a few tokens. */
  private long head(long sequences) {
    return 3 * hidden(sequences) + 3 * Head.chunkLogits(tokens(sequences), spec.vocabSize());
  }
}
