package io.cambium.lab.analysis;

import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.model.Decoder;
import io.cambium.model.RouterEntropy;
import io.cambium.model.RoutingListener;
import io.cambium.model.Torch;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes down what every routing layer does with the tokens of some sequences, each in its place:
 * workers write side by side. T tokens of all sequences, N of them sampled, K top-k, D hidden.
 */
final class RoutingRecorder implements RoutingListener {

  /** Tokens at which all experts will be compared. */
  static final int SAMPLE = 256;

  private final Map<Integer, Layer> layers = new TreeMap<>();
  private final int hidden;
  private final int length;
  private final int[] sampled_N;
  private final int[] firstToken;

  /** What is written down of a layer. */
  private record Layer(Mixture mixture, int[] choice_TK, double[] entropy, float[] input_ND) {}

  RoutingRecorder(Decoder decoder, int sequences, int length) {
    int workers = decoder.team().size();
    int tokens = Math.multiplyExact(sequences, length);
    this.hidden = decoder.spec().hiddenSize();
    this.length = length;
    this.firstToken = new int[workers];
    this.sampled_N = new int[Math.min(SAMPLE, tokens)];
    Arrays.setAll(sampled_N, n -> (int) ((long) n * tokens / sampled_N.length));
    for (int layer : decoder.spec().mixtureLayers()) {
      Mixture mixture = decoder.spec().mixture(layer);
      layers.put(
          layer,
          new Layer(
              mixture,
              new int[Math.multiplyExact(tokens, mixture.topK())],
              new double[workers],
              new float[sampled_N.length * hidden]));
    }
  }

  /** A worker's next pass is over this sequence. */
  void begin(int worker, int sequence) {
    firstToken[worker] = sequence * length;
  }

  @Override
  public void routed(int worker, int layer, Tensor x_TD, int[] choice) {
    if (choice.length == 0) {
      return;
    }
    Layer recorded = layer(layer);
    int first = firstToken[worker];
    System.arraycopy(choice, 0, recorded.choice_TK, first * recorded.mixture.topK(), choice.length);
    for (int n = firstAtOrAfter(first); n < firstAtOrAfter(first + length); n++) {
      float[] input_D = Torch.floats(x_TD.select(0, sampled_N[n] - first));
      System.arraycopy(input_D, 0, recorded.input_ND, n * hidden, hidden);
    }
  }

  /** The first sampled token that is not before this one. */
  private int firstAtOrAfter(int token) {
    int found = Arrays.binarySearch(sampled_N, token);
    return found >= 0 ? found : -found - 1;
  }

  @Override
  public void scored(int worker, int layer, Tensor scores_TE) {
    if (scores_TE.size(0) > 0) {
      layer(layer).entropy[worker] += RouterEntropy.sum(scores_TE);
    }
  }

  private Layer layer(int index) {
    return Objects.requireNonNull(layers.get(index));
  }

  /** What was written down, by layer. */
  SortedMap<Integer, RoutedText.Layer> layers() {
    SortedMap<Integer, RoutedText.Layer> all = new TreeMap<>();
    layers.forEach((index, layer) -> {
      Choices choices = new Choices(layer.mixture.experts(), layer.mixture.topK(), layer.choice_TK);
      double entropy = Arrays.stream(layer.entropy).sum() / choices.tokens();
      all.put(index, new RoutedText.Layer(choices, entropy, layer.input_ND));
    });
    return all;
  }
}
