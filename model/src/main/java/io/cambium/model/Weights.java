package io.cambium.model;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A model's tensors by what they are, all of one compute type except the selection bias, which stays fp32. */
public final class Weights {

  /** A tensor's place in the model. */
  private record Place(Part part, int layer, int expert) {}

  private final DecoderSpec spec;
  private final Map<Place, Tensor> byPlace = new LinkedHashMap<>();
  private final Map<ModelTensor, Tensor> byTensor = new LinkedHashMap<>();

  private Weights(DecoderSpec spec, List<ModelTensor> tensors, Function<ModelTensor, Tensor> read) {
    this.spec = spec;
    for (ModelTensor tensor : tensors) {
      Tensor value = read.apply(tensor);
      byTensor.put(tensor, value);
      byPlace.put(new Place(tensor.part(), tensor.layer(), tensor.expert()), value);
    }
  }

  /**
   * Maps a checkpoint: tensors that are stored in the compute type are used where they lie, in the page cache. The
   * directory must stay open as long as the weights are used, and nothing may write to them.
   */
  public static Weights map(CheckpointDirectory directory, DType compute) {
    return map(directory, directory.decoder(), compute);
  }

  /**
   * Maps a checkpoint that shall compute something else than its config.json says, such as another top-K.
   *
   * @param spec a description that needs the same tensors
   */
  static Weights map(CheckpointDirectory directory, DecoderSpec spec, DType compute) {
    return new Weights(
        spec, directory.tensors(), t -> view(directory, t).to(type(t, compute)));
  }

  /** Copies a checkpoint into memory of its own, to be trained. */
  public static Weights load(CheckpointDirectory directory, DType compute) {
    return new Weights(
        directory.decoder(),
        directory.tensors(),
        t -> view(directory, t).to(type(t, compute), false, true, new MemoryFormatOptional()));
  }

  /** Random normal weights of this standard deviation, norms one: for measuring speed, where values do not matter. */
  public static Weights random(DecoderSpec spec, List<ModelTensor> tensors, double deviation) {
    return new Weights(
        spec,
        tensors,
        t -> {
          long[] shape = t.shape().stream().mapToLong(Long::longValue).toArray();
          if (t.part().name().endsWith("NORM")) {
            return torch.ones(shape);
          }
          return t.part().isNormOrBias()
              ? torch.zeros(shape)
              : torch.randn(shape).mul_(Torch.scalar(deviation));
        });
  }

  private static Tensor view(CheckpointDirectory directory, ModelTensor tensor) {
    return Torch.view(
        directory.data(tensor.name()), directory.spec(tensor.name()).dtype(), tensor.shape());
  }

  private static ScalarType type(ModelTensor tensor, DType compute) {
    return tensor.part() == Part.SELECTION_BIAS ? ScalarType.Float : Torch.scalarType(compute);
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

  boolean has(Part part, int layer) {
    return byPlace.containsKey(new Place(part, layer, ModelTensor.NONE));
  }

  /** The three matrices of each routed expert of a layer. */
  List<ExpertWeights> experts(int layer, int count) {
    List<ExpertWeights> experts = new ArrayList<>();
    for (int e = 0; e < count; e++) {
      experts.add(
          new ExpertWeights(
              get(Part.EXPERT_GATE, layer, e),
              get(Part.EXPERT_UP, layer, e),
              get(Part.EXPERT_DOWN, layer, e)));
    }
    return experts;
  }
}
