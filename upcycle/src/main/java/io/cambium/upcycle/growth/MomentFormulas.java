package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceTensor;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import java.util.ArrayList;
import java.util.List;

/** The formulas of the optimizer's moments, which follow those of the weights. */
record MomentFormulas(OptimizerFiles optimizer, WeightFormulas weights, Moments moments) {

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
  List<Entry> entries(List<ModelTensor> targets) {
    List<Entry> entries = new ArrayList<>();
    for (ModelTensor target : targets) {
      if (target.part() != Part.SELECTION_BIAS) {
        for (Moment moment : Moment.values()) {
          entries.add(entry(target, moment));
        }
      }
    }
    return entries;
  }

  private Entry entry(ModelTensor target, Moment moment) {
    Formula.Copy source = new Formula.Copy(required(weights.from(target), moment));
    ModelTensor named = named(target, moment);
    return new Entry(
        named,
        DType.F32,
        moments == Moments.RESET ? new Formula.Zeros() : carried(target, source, moment.power));
  }

  /** A moment lies in its file as the weight does in its own. */
  private static ModelTensor named(ModelTensor weight, Moment moment) {
    return new ModelTensor(
        weight.part(),
        weight.layer(),
        weight.expert(),
        weight.name() + moment.suffix,
        weight.shape(),
        weight.piece());
  }

  private Formula carried(ModelTensor target, Formula.Copy source, int power) {
    if (target.part().hasExpertRows()) {
      return rows(source, weights.lineages(target.layer()), power);
    }
    if (!target.part().isExpert()) {
      return source;
    }
    double factor = factor(weights.lineages(target.layer()), target.expert(), power);
    Formula scaled = factor == 1 ? source : new Formula.Scaled(source, factor);
    return weights
        .redrawnNeurons(target)
        .<Formula>map(n -> new Formula.Cleared(scaled, n, target.part().neuronAxis()))
        .orElse(scaled);
  }

  private Formula rows(Formula.Copy source, Lineages lineages, int power) {
    List<Double> factors = new ArrayList<>();
    for (int expert = 0; expert < lineages.experts(); expert++) {
      factors.add(factor(lineages, expert, power));
    }
    return moments == Moments.COPY
        ? new Formula.GatherRows(source, lineages.parents())
        : new Formula.ScaledRows(source, lineages.parents(), factors);
  }

  private double factor(Lineages lineages, int expert, int power) {
    return moments == Moments.SCALE ? Math.pow(lineages.siblings(expert), -power) : 1;
  }

  private SourceTensor required(ModelTensor weight, Moment moment) {
    ModelTensor named = named(weight, moment);
    TensorEntry entry = optimizer.tensors().get(named.name());
    TensorSpec expected = new TensorSpec(named.name(), DType.F32, named.piece().whole());
    if (entry == null || !entry.spec().equals(expected)) {
      throw new CheckpointException(
          optimizer.path(),
          (entry == null ? "lacks \"" + named.name() + "\"" : "holds " + entry.spec())
              + ", which must be F32 "
              + expected.shape(),
          "restore the file, or remove the folder to grow the weights alone");
    }
    return new SourceTensor(Origin.OPTIMIZER, 0, named.name(), named.shape(), named.piece());
  }
}
