package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.RoutedLogits;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What method 3 says of routing, written down a second time in plain Java and double: a token's
 * embedding goes through every mixture layer and the output projection. No attention, no dense
 * layer, no shared expert: growing does not touch them.
 */
final class ReferenceRunner implements ModelRunner {

  @Override
  public float[] logits(Path directory, TokenIds ids, OptionalInt topK, DType compute) {
    return logits(directory, ids, topK, (layer, x_D, chosen) -> {});
  }

  @Override
  public RoutedLogits routedLogits(Path directory, TokenIds ids, DType compute) {
    List<Manifest.Growth> growth = Manifest.read(directory).orElse(Manifest.EMPTY).growth();
    List<Boolean> siblings = new ArrayList<>();
    Listener listener =
        (layer, x_D, chosen) -> {
          if (!growth.isEmpty()) {
            List<Integer> parents = Objects.requireNonNull(growth.getLast().parents().get(layer));
            long lineages = chosen.stream().map(parents::get).distinct().count();
            siblings.add(lineages < chosen.size());
          }
        };
    float[] logits_TV = logits(directory, ids, OptionalInt.empty(), listener);
    long together = siblings.stream().filter(two -> two).count();
    return new RoutedLogits(
        logits_TV, growth.isEmpty() ? null : (double) together / siblings.size());
  }

  private static float[] logits(Path directory, TokenIds ids, OptionalInt topK, Listener listener) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      Model model = new Model(checkpoint, topK);
      int size_V = checkpoint.decoder().vocabSize();
      float[] logits_TV = new float[ids.ids().length * size_V];
      for (int t = 0; t < ids.ids().length; t++) {
        double[] hidden_D = model.forward(ids.ids()[t], listener);
        for (int v = 0; v < size_V; v++) {
          logits_TV[t * size_V + v] = (float) dot(model.of(Part.LM_HEAD, -1, -1), v, hidden_D);
        }
      }
      return logits_TV;
    }
  }

  @Override
  public List<InputMoments> inputMoments(Path directory, List<TokenIds> batches) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      Model model = new Model(checkpoint, OptionalInt.empty());
      Map<String, List<double[]>> inputs = new HashMap<>();
      for (TokenIds batch : batches) {
        for (long id : batch.ids()) {
          model.forward(
              id,
              (layer, x_D, chosen) ->
                  chosen.forEach(e ->
                      inputs.computeIfAbsent(layer + "." + e, _ -> new ArrayList<>()).add(x_D)));
        }
      }
      List<InputMoments> moments = new ArrayList<>();
      for (int layer : checkpoint.decoder().mixtureLayers()) {
        for (int e = 0; e < model.mixture.experts(); e++) {
          moments.add(
              moments(
                  layer,
                  e,
                  inputs.getOrDefault(layer + "." + e, List.of()),
                  checkpoint.decoder().hiddenSize()));
        }
      }
      return moments;
    }
  }

  @Override
  public List<SortedMap<Integer, double[]>> blockInputMeans(
      Path directory, List<List<TokenIds>> groups) {
    throw new UnsupportedOperationException("this model has no dense blocks");
  }

  /** No derivative, but something of each matrix's own to step along: 1, 2, 3 and so on. */
  @Override
  public Map<ModelTensor, float[]> expertGradients(
      Path directory, List<TokenIds> batches, List<ModelTensor> matrices) {
    Map<ModelTensor, float[]> gradients = new HashMap<>();
    for (ModelTensor matrix : matrices) {
      float[] gradient = new float[(int) matrix.elements()];
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = i + 1;
      }
      gradients.put(matrix, gradient);
    }
    return gradients;
  }

  private static InputMoments moments(int layer, int expert, List<double[]> inputs, int size_D) {
    double[] mean_D = new double[size_D];
    double[] covariance_DD = new double[size_D * size_D];
    for (double[] x_D : inputs) {
      for (int k = 0; k < size_D; k++) {
        mean_D[k] += x_D[k] / inputs.size();
      }
    }
    for (double[] x_D : inputs) {
      for (int i = 0; i < size_D * size_D; i++) {
        int row = i / size_D;
        int column = i % size_D;
        covariance_DD[i] +=
            (x_D[row] - mean_D[row]) * (x_D[column] - mean_D[column]) / inputs.size();
      }
    }
    return new InputMoments(layer, expert, inputs.size(), mean_D, covariance_DD);
  }

  private interface Listener {
    void routed(int layer, double[] x_D, List<Integer> chosen);
  }

  private static final class Model {
    private final CheckpointDirectory checkpoint;
    private final Mixture mixture;
    private final int topK;
    private final Manifest.@Nullable Selection selection;
    private final Map<List<Object>, float[]> tensors = new HashMap<>();

    Model(CheckpointDirectory checkpoint, OptionalInt topK) {
      this.checkpoint = checkpoint;
      this.mixture = checkpoint.decoder().mixture(checkpoint.decoder().mixtureLayers().getFirst());
      this.topK = topK.orElse(mixture.topK());
      this.selection = checkpoint.manifest().selection();
      for (ModelTensor t : checkpoint.tensors()) {
        tensors.put(
            List.of(t.part(), t.layer(), t.expert()),
            Floats.read(checkpoint.data(t.name()), checkpoint.spec(t.name()).dtype()));
      }
    }

    float[] of(Part part, int layer, int expert) {
      return Objects.requireNonNull(tensors.get(List.of(part, layer, expert)));
    }

    double[] forward(long id, Listener listener) {
      int size_D = checkpoint.decoder().hiddenSize();
      double[] hidden_D = new double[size_D];
      for (int k = 0; k < size_D; k++) {
        hidden_D[k] = of(Part.EMBEDDING, -1, -1)[(int) id * size_D + k];
      }
      for (int layer : checkpoint.decoder().mixtureLayers()) {
        double[] x_D = normalised(hidden_D, of(Part.FEED_FORWARD_NORM, layer, -1));
        Map<Integer, Double> weights = route(layer, x_D);
        listener.routed(layer, x_D, List.copyOf(weights.keySet()));
        weights.forEach((e, weight) -> addExpert(hidden_D, x_D, layer, e, weight));
      }
      return hidden_D;
    }

    private Map<Integer, Double> route(int layer, double[] x_D) {
      int experts = mixture.experts();
      float[] bias_E = of(Part.SELECTION_BIAS, layer, -1);
      double[] z_E = new double[experts];
      for (int e = 0; e < experts; e++) {
        z_E[e] = dot(of(Part.ROUTER, layer, -1), e, x_D);
      }
      double[] s_E = new double[experts];
      double[] choice_E = new double[experts];
      for (int e = 0; e < experts; e++) {
        s_E[e] = sigmoid(selection == null ? z_E[e] : mixed(z_E, layer, e));
        choice_E[e] = s_E[e] + bias_E[e];
      }
      if (selection != null && selection.mode() == Manifest.Selection.Mode.LINEAGE) {
        for (int e = 0; e < experts; e++) {
          if (!bestSibling(z_E, bias_E, layer, e)) {
            Double penalty = selection.siblingPenalty();
            choice_E[e] -= penalty == null ? Double.POSITIVE_INFINITY : penalty;
          }
        }
      }
      List<Integer> chosen =
          IntStream.range(0, experts)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer e) -> -choice_E[e]))
              .limit(topK)
              .toList();
      double sum =
          mixture.router().normalised() ? chosen.stream().mapToDouble(e -> s_E[e]).sum() : 1;
      Map<Integer, Double> weights = new HashMap<>();
      chosen.forEach(e -> weights.put(e, s_E[e] / sum * mixture.router().scale()));
      return weights;
    }

    private List<Integer> siblings(int layer, int expert) {
      List<Integer> parents =
          Objects.requireNonNull(checkpoint.manifest().growth().getLast().parents().get(layer));
      return IntStream.range(0, parents.size())
          .boxed()
          .filter(e -> parents.get(e).equals(parents.get(expert)))
          .toList();
    }

    private double mixed(double[] z_E, int layer, int expert) {
      double own = Objects.requireNonNull(selection).ownLogit();
      double mean =
          siblings(layer, expert).stream().mapToDouble(e -> z_E[e]).average().orElseThrow();
      return (1 - own) * mean + own * z_E[expert];
    }

    private boolean bestSibling(double[] z_E, float[] bias_E, int layer, int expert) {
      return siblings(layer, expert).stream()
              .max(
                  Comparator.comparingDouble((Integer e) -> sigmoid(z_E[e]) + bias_E[e])
                      .thenComparing(Comparator.reverseOrder()))
              .orElseThrow()
          == expert;
    }

    private void addExpert(double[] hidden_D, double[] x_D, int layer, int e, double weight) {
      float[] gate = of(Part.EXPERT_GATE, layer, e);
      float[] up = of(Part.EXPERT_UP, layer, e);
      float[] down = of(Part.EXPERT_DOWN, layer, e);
      double[] inner_I = new double[mixture.intermediateSize()];
      for (int i = 0; i < inner_I.length; i++) {
        double g = dot(gate, i, x_D);
        inner_I[i] = g * sigmoid(g) * dot(up, i, x_D);
      }
      for (int k = 0; k < hidden_D.length; k++) {
        hidden_D[k] += weight * dot(down, k, inner_I);
      }
    }
  }

  private static double sigmoid(double z) {
    return 1 / (1 + Math.exp(-z));
  }

  private static double[] normalised(double[] hidden_D, float[] scale_D) {
    double squares = 0;
    for (double value : hidden_D) {
      squares += value * value / hidden_D.length;
    }
    double[] x_D = new double[hidden_D.length];
    for (int k = 0; k < x_D.length; k++) {
      x_D[k] = hidden_D[k] / Math.sqrt(squares + 1e-5) * scale_D[k];
    }
    return x_D;
  }

  private static double dot(float[] matrix, int row, double[] vector) {
    double sum = 0;
    for (int k = 0; k < vector.length; k++) {
      sum += matrix[row * vector.length + k] * vector[k];
    }
    return sum;
  }
}
