package io.cambium.upcycle;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.GrowthOptions.Replicas;
import io.cambium.upcycle.GrowthOptions.Rows;
import io.cambium.upcycle.SourceTensor.Origin;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The formula of every weight of the grown model.
 *
 * @param holdBack what the replicas' selection bias is lowered by
 */
record WeightFormulas(
    GrowthSource source,
    GrowthOptions options,
    SortedMap<Integer, Lineages> layers,
    double holdBack) {

  /** The ledger's line for one tensor of the grown model. */
  UpcyclePlan.Entry entry(ModelTensor target) {
    TensorSpec from = from(target);
    SourceTensor tensor = new SourceTensor(Origin.WEIGHTS, from.name());
    Formula formula =
        switch (target.part()) {
          case ROUTER -> router(tensor, target.layer());
          case SELECTION_BIAS -> selectionBias(tensor, from.dtype(), target.layer());
          default ->
              redrawnNeurons(target)
                  .<Formula>map(n -> new Formula.Redrawn(tensor, n, neuronAxis(target.part())))
                  .orElseGet(() -> new Formula.Copy(tensor));
        };
    if (!(formula instanceof Formula.Copy || formula instanceof Formula.GatherRows)
        && !Floats.supports(from.dtype())) {
      throw new UsageException(
          source.weights().path(),
          "tensor \"" + from.name() + "\" is " + from.dtype() + ", which is not computed with",
          "convert the weights to F32, BF16 or F16");
    }
    // The balancer's steps of 0.001 need fp32 whatever the model's type.
    DType dtype = target.part() == Part.SELECTION_BIAS ? DType.F32 : from.dtype();
    return new UpcyclePlan.Entry(new TensorSpec(target.name(), dtype, target.shape()), formula);
  }

  /** The source's tensor that a tensor of the grown model descends from. */
  TensorSpec from(ModelTensor target) {
    int expert = target.expert();
    int parent =
        expert == ModelTensor.NONE ? expert : lineages(target.layer()).parents().get(expert);
    return source.spec(target.part(), target.layer(), parent);
  }

  Lineages lineages(int layer) {
    return Objects.requireNonNull(layers.get(layer));
  }

  private Formula router(SourceTensor tensor, int layer) {
    List<Integer> parents = lineages(layer).parents();
    return options.rows() == Rows.COPY
        ? new Formula.GatherRows(tensor, parents)
        : new Formula.DirectedRows(
            tensor,
            new SourceTensor(Origin.DIRECTIONS, Directions.tensor(layer)),
            parents,
            options.rowDelta());
  }

  private Formula selectionBias(SourceTensor tensor, DType dtype, int layer) {
    List<Integer> parents = lineages(layer).parents();
    return options.biasNoise() == 0 && holdBack == 0 && dtype == DType.F32
        ? new Formula.GatherRows(tensor, parents)
        : new Formula.ReplicaBias(tensor, parents, options.biasNoise(), holdBack, options.seed());
  }

  /** Which neurons of an expert are drawn anew, if it is a replica and any are. */
  Optional<Neurons> redrawnNeurons(ModelTensor target) {
    if (!target.part().isExpert()
        || options.replicas() == Replicas.COPY
        || !lineages(target.layer()).isReplica(target.expert())) {
      return Optional.empty();
    }
    int width = Math.toIntExact(target.shape().get(neuronAxis(target.part())));
    int count = (int) Math.floor(options.dropRate() * width);
    if (count == 0) {
      throw GrowthOptions.invalid(
          "drop-rate", options.dropRate() + " redraws none of " + width + " neurons", "raise it");
    }
    return Optional.of(new Neurons(options.seed(), target.layer(), target.expert(), width, count));
  }

  /** Gate and up projections [I, D] have a row per neuron, the down projection [D, I] a column. */
  static int neuronAxis(Part part) {
    return part == Part.EXPERT_DOWN ? 1 : 0;
  }
}
