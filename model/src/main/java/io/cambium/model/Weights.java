package io.cambium.model;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.ModelTensor.Piece;
import io.cambium.checkpoint.family.Part;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A model's tensors, or those of them that this process holds, by what they are: all of one compute
 * type except the selection bias, which stays fp32, and matrices that are mapped as they are
 * stored.
 */
public final class Weights {

  /** A tensor's place in the model. */
  private record Place(Part part, int layer, int expert) {}

  private final DecoderSpec spec;
  private final ScalarType compute;
  private final Map<Place, Tensor> byPlace = new LinkedHashMap<>();
  private final Map<ModelTensor, Tensor> byTensor = new LinkedHashMap<>();
  private final Map<Place, ExpertWeights> fused;

  /**
   * @param fused experts whose gate and up lie in one piece, by the place of their gate
   */
  private Weights(
      DecoderSpec spec,
      DType compute,
      List<ModelTensor> tensors,
      Function<ModelTensor, Tensor> read,
      Map<Place, ExpertWeights> fused) {
    this.spec = spec;
    this.compute = Torch.scalarType(compute);
    this.fused = fused;
    for (ModelTensor tensor : tensors) {
      Tensor value = read.apply(tensor);
      byTensor.put(tensor, value);
      byPlace.put(new Place(tensor.part(), tensor.layer(), tensor.expert()), value);
    }
  }

  /**
   * Maps a checkpoint: tensors that are stored in the compute type are used where they lie, in the
   * page cache. The directory must stay open as long as the weights are used, and nothing may write
   * to them.
   */
  public static Weights map(CheckpointDirectory directory, DType compute) {
    return map(directory, directory.decoder(), compute);
  }

  /**
   * Maps a checkpoint that shall compute something else than its config.json says, such as another
   * top-K.
   *
   * @param spec a description that needs the same tensors
   */
  static Weights map(CheckpointDirectory directory, DecoderSpec spec, DType compute) {
    return new Weights(
        spec, compute, tensors(directory), t -> view(directory, t).to(type(t, compute)), Map.of());
  }

  /**
   * The same, but matrices of another type stay where they lie and are converted each time they are
   * multiplied with, and one of them at a time is in memory: slower, but for single rows, where a
   * {@link Crew} multiplies.
   */
  static Weights mapAsStored(CheckpointDirectory directory, DecoderSpec spec, DType compute) {
    return new Weights(
        spec,
        compute,
        tensors(directory),
        tensor -> {
          Tensor stored = view(directory, tensor);
          return tensor.shape().size() == 2 ? stored : stored.to(type(tensor, compute));
        },
        Map.of());
  }

  /** Copies a checkpoint into memory of its own, to be trained. */
  public static Weights load(CheckpointDirectory directory, DType compute) {
    return load(directory, compute, tensor -> true);
  }

  /**
   * The same of some tensors only; the rest is not read. What is left out must never be asked for.
   */
  public static Weights load(
      CheckpointDirectory directory, DType compute, Predicate<ModelTensor> held) {
    Weights weights =
        zeros(directory.decoder(), tensors(directory).stream().filter(held).toList(), compute);
    weights.byTensor.forEach((tensor, value) -> value.copy_(view(directory, tensor)));
    return weights;
  }

  /**
   * Random normal weights of this standard deviation, norms one: for measuring speed, where values
   * do not matter.
   */
  public static Weights random(DecoderSpec spec, List<ModelTensor> tensors, double deviation) {
    Weights weights = zeros(spec, tensors, DType.F32);
    weights.byTensor.forEach((tensor, value) -> {
      if (!tensor.part().isNormOrBias()) {
        value.normal_(0, deviation, new GeneratorOptional());
      } else if (tensor.part().isNorm()) {
        value.fill_(Torch.scalar(1));
      }
    });
    return weights;
  }

  /** Memory for a model that is to be trained; each expert's gate and up lie in one piece. */
  private static Weights zeros(DecoderSpec spec, List<ModelTensor> tensors, DType compute) {
    Map<Place, ExpertWeights> experts = new HashMap<>();
    return new Weights(
        spec,
        compute,
        tensors,
        tensor -> {
          if (!tensor.part().isExpert()) {
            long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
            return torch.zeros(shape, Torch.options(type(tensor, compute)));
          }
          Place expert = new Place(Part.EXPERT_GATE, tensor.layer(), tensor.expert());
          return experts
              .computeIfAbsent(expert, e -> zeros(spec, tensor.layer(), compute))
              .get(tensor.part());
        },
        experts);
  }

  private static ExpertWeights zeros(DecoderSpec spec, int layer, DType compute) {
    Mixture mixture = spec.mixture(layer);
    return ExpertWeights.zeros(
        Torch.scalarType(compute),
        spec.hiddenSize(),
        mixture.intermediateSize(),
        mixture.expertBias());
  }

  private static List<ModelTensor> tensors(CheckpointDirectory directory) {
    directory.requirePlainWeights();
    return directory.tensors();
  }

  /** A tensor where it lies on disk, through the strides of the tensor that holds it. */
  private static Tensor view(CheckpointDirectory directory, ModelTensor tensor) {
    Piece piece = tensor.piece();
    Tensor whole =
        Torch.view(
            directory.data(tensor.name()), directory.spec(tensor.name()).dtype(), piece.whole());
    return tensor.isWhole() ? whole : piece(whole, tensor);
  }

  private static Tensor piece(Tensor whole, ModelTensor tensor) {
    return whole.as_strided(
        longs(tensor.shape()),
        longs(tensor.piece().strides()),
        new LongOptional(tensor.piece().offset()));
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  /**
   * A tensor as it lies on disk, contiguous.
   *
   * @param pieces that it consists of
   * @param values of these: weights, or what belongs to them
   */
  static Tensor together(List<ModelTensor> pieces, Map<ModelTensor, Tensor> values) {
    Tensor first = Objects.requireNonNull(values.get(pieces.getFirst()));
    if (pieces.getFirst().isWhole()) {
      return first;
    }
    List<Long> shape = pieces.getFirst().piece().whole();
    Tensor whole = Torch.empty(first.scalar_type().intern(), longs(shape));
    pieces.forEach(
        tensor -> piece(whole, tensor).copy_(Objects.requireNonNull(values.get(tensor))));
    return whole;
  }

  /** The reverse: fills each of the model's tensors from the tensor on disk that holds it. */
  public static void takeApart(
      Map<ModelTensor, Tensor> values, Function<String, MemorySegment> data) {
    values.forEach((tensor, value) ->
        Scopes.freeAll(() -> {
          Tensor whole = Torch.view(data.apply(tensor.name()), DType.F32, tensor.piece().whole());
          value.copy_(tensor.isWhole() ? whole : piece(whole, tensor));
        }));
  }

  private static ScalarType type(ModelTensor tensor, DType compute) {
    return tensor.part() == Part.SELECTION_BIAS ? ScalarType.Float : Torch.scalarType(compute);
  }

  /** What is computed in. */
  ScalarType compute() {
    return compute;
  }

  public DecoderSpec spec() {
    return spec;
  }

  /** All tensors in model order. */
  public Map<ModelTensor, Tensor> all() {
    return Collections.unmodifiableMap(byTensor);
  }

  Tensor get(Part part, int layer) {
    return get(part, layer, ModelTensor.NONE);
  }

  Tensor get(Part part) {
    return get(part, ModelTensor.NONE, ModelTensor.NONE);
  }

  Tensor get(Part part, int layer, int expert) {
    Tensor tensor = byPlace.get(new Place(part, layer, expert));
    if (tensor == null) {
      throw new IllegalArgumentException("no " + part + " in layer " + layer);
    }
    return tensor;
  }

  /** The three matrices of some routed experts of a layer. */
  List<ExpertWeights> experts(int layer, int... which) {
    List<ExpertWeights> experts = new ArrayList<>();
    for (int e : which) {
      Tensor gate_FD = get(Part.EXPERT_GATE, layer, e);
      ExpertWeights whole = fused.get(new Place(Part.EXPERT_GATE, layer, e));
      experts.add(
          whole != null
              ? whole
              : ExpertWeights.apart(
                  gate_FD,
                  get(Part.EXPERT_UP, layer, e),
                  get(Part.EXPERT_DOWN, layer, e),
                  spec.mixture(layer).expertBias() ? biases(layer, e) : null));
    }
    return experts;
  }

  private ExpertWeights.Biases biases(int layer, int expert) {
    return new ExpertWeights.Biases(
        get(Part.EXPERT_GATE_BIAS, layer, expert),
        get(Part.EXPERT_UP_BIAS, layer, expert),
        get(Part.EXPERT_DOWN_BIAS, layer, expert));
  }
}
