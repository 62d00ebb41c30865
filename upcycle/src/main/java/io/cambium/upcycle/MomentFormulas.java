package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.GrowthOptions.Moments;
import io.cambium.upcycle.SourceTensor.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The formulas of the optimizer's moments, which follow those of the weights. */
record MomentFormulas(SafetensorsFile optimizer, WeightFormulas weights, Moments moments) {

  /** Adam's moments by suffix, and to which power of 1/r each is scaled. */
  private enum Moment {
    FIRST(".exp_avg", 1),
    SECOND(".exp_avg_sq", 2);

    private final String suffix;
    private final int power;

    Moment(String suffix, int power) {
      this.suffix = suffix;
      this.power = power;
    }
  }

  /** The ledger's lines for all trained tensors of the grown model; the selection bias is not. */
  List<UpcyclePlan.Entry> entries(List<ModelTensor> targets) {
    List<UpcyclePlan.Entry> entries = new ArrayList<>();
    for (ModelTensor target : targets) {
      if (target.part() != Part.SELECTION_BIAS) {
        for (Moment moment : Moment.values()) {
          entries.add(entry(target, moment));
        }
      }
    }
    return entries;
  }

  private UpcyclePlan.Entry entry(ModelTensor target, Moment moment) {
    SourceTensor tensor = required(weights.from(target), moment);
    TensorSpec spec = new TensorSpec(target.name() + moment.suffix, DType.F32, target.shape());
    return new UpcyclePlan.Entry(
        spec,
        moments == Moments.RESET ? new Formula.Zeros() : carried(target, tensor, moment.power));
  }

  private Formula carried(ModelTensor target, SourceTensor tensor, int power) {
    if (target.part() == Part.ROUTER) {
      return router(tensor, weights.lineages(target.layer()), power);
    }
    if (!target.part().isExpert()) {
      return new Formula.Copy(tensor);
    }
    double factor = factor(weights.lineages(target.layer()), target.expert(), power);
    Optional<Neurons> redrawn = weights.redrawnNeurons(target);
    if (redrawn.isPresent()) {
      int axis = WeightFormulas.neuronAxis(target.part());
      return new Formula.Cleared(tensor, factor, redrawn.get(), axis);
    }
    return factor == 1 ? new Formula.Copy(tensor) : new Formula.Scaled(tensor, factor);
  }

  private Formula router(SourceTensor tensor, Lineages lineages, int power) {
    List<Double> factors = new ArrayList<>();
    for (int expert = 0; expert < lineages.experts(); expert++) {
      factors.add(factor(lineages, expert, power));
    }
    return moments == Moments.COPY
        ? new Formula.GatherRows(tensor, lineages.parents())
        : new Formula.ScaledRows(tensor, lineages.parents(), factors);
  }

  private double factor(Lineages lineages, int expert, int power) {
    return moments == Moments.SCALE ? Math.pow(lineages.siblings(expert), -power) : 1;
  }

  private SourceTensor required(TensorSpec weight, Moment moment) {
    String name = weight.name() + moment.suffix;
    TensorEntry entry = optimizer.tensors().get(name);
    TensorSpec expected = new TensorSpec(name, DType.F32, weight.shape());
    if (entry == null || !entry.spec().equals(expected)) {
      throw new CheckpointException(
          optimizer.path(),
          (entry == null ? "lacks \"" + name + "\"" : "holds " + entry.spec())
              + ", which must be F32 "
              + weight.shape(),
          "restore the file, or remove the folder to grow the weights alone");
    }
    return new SourceTensor(Origin.OPTIMIZER, name);
  }
}
