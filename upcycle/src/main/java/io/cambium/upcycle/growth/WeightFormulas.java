package io.cambium.upcycle.growth;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.growth.replica.ReplicaSlot;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Neurons;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.IntStream;

/**
 * The formula of every weight of the grown model.
 *
 * @param holdBack what the replicas' selection bias is lowered by
 */
record WeightFormulas(
    SourceCheckpoint source,
    GrowthOptions options,
    SortedMap<Integer, Lineages> layers,
    double holdBack) {

  /** The ledger's line for one tensor of the grown model. */
  Entry entry(ModelTensor target) {
    ModelTensor from = from(target);
    DType sourceType = source.weights().spec(from.name()).dtype();
    SourceTensor tensor = source.source(from);
    Formula formula =
        switch (target.part()) {
          case ROUTER -> router(tensor, target.layer());
          case ROUTER_BIAS ->
              new Formula.GatherRows(new Formula.Copy(tensor), lineages(target.layer()).parents());
          case SELECTION_BIAS -> selectionBias(tensor, sourceType, target.layer());
          default -> expert(new Formula.Copy(tensor), target);
        };
    // The balancer's steps of 0.001 need fp32 whatever the model's type.
    DType dtype = target.part() == Part.SELECTION_BIAS ? DType.F32 : sourceType;
    return new Entry(target, dtype, formula);
  }

  /** The source's tensor that a tensor of the grown model descends from. */
  ModelTensor from(ModelTensor target) {
    int expert = target.expert();
    int parent =
        expert == ModelTensor.NONE ? expert : lineages(target.layer()).parents().get(expert);
    return source.counterpart(target, parent);
  }

  Lineages lineages(int layer) {
    return Objects.requireNonNull(layers.get(layer));
  }

  private Formula router(SourceTensor tensor, int layer) {
    List<Integer> parents = lineages(layer).parents();
    Formula copy = new Formula.Copy(tensor);
    double delta = options.rowDelta();
    return switch (options.rows()) {
      case COPY -> new Formula.GatherRows(copy, parents);
      case TEMPERATURE -> new Formula.ScaledRows(copy, parents, lineages(layer).factors(delta));
      case PERTURB_NEW ->
          new Formula.NoisyRows(copy, parents, delta, options.seed(), tensor.name());
      case ORTHOGONAL ->
          new Formula.TurnedRows(copy, parents, delta, options.seed(), tensor.name());
      case INTERPOLATE -> new Formula.MixedRows(copy, parents, others(layer), delta);
      case ANTITHETIC, SPLIT ->
          new Formula.DirectedRows(
              tensor,
              Directions.rows(layer, parents.size(), source.decoder().hiddenSize()),
              parents,
              delta);
    };
  }

  /** Per grown expert, the one whose row is mixed into its own: itself for an original. */
  private List<Integer> others(int layer) {
    Lineages lineages = lineages(layer);
    List<Integer> parents = lineages.parents();
    return IntStream.range(0, lineages.experts())
        .map(n ->
            lineages.isReplica(n)
                ? ReplicaSlot.other(
                    options.seed(), layer, n, parents.get(n), lineages.sourceExperts())
                : parents.get(n))
        .boxed()
        .toList();
  }

  private Formula selectionBias(SourceTensor tensor, DType dtype, int layer) {
    List<Integer> parents = lineages(layer).parents();
    double factor = SelectionBias.factor(source.decoder().mixture(layer), lineages(layer));
    return factor == 1 && options.biasNoise() == 0 && holdBack == 0 && dtype == DType.F32
        ? new Formula.GatherRows(new Formula.Copy(tensor), parents)
        : new Formula.ReplicaBias(
            tensor, parents, factor, options.biasNoise(), holdBack, options.seed());
  }

  private Formula expert(Formula copy, ModelTensor target) {
    return isReplica(target) ? options.replicas().replica(copy, slot(target)) : copy;
  }

  /** Which neurons of an expert are drawn anew, if it is a replica and any are. */
  Optional<Neurons> redrawnNeurons(ModelTensor target) {
    return isReplica(target) ? options.replicas().redrawn(slot(target)) : Optional.empty();
  }

  private boolean isReplica(ModelTensor target) {
    return target.part().isExpert() && lineages(target.layer()).isReplica(target.expert());
  }

  private ReplicaSlot slot(ModelTensor target) {
    int layer = target.layer();
    int parent = lineages(layer).parents().get(target.expert());
    return new ReplicaSlot(
        target,
        parent,
        lineages(layer).sourceExperts(),
        expert -> new Formula.Copy(source.source(source.tensor(target.part(), layer, expert))),
        Directions.gradient(source.tensor(target.part(), layer, parent)),
        source.decoder().mixture(layer).intermediateSize(),
        options.seed());
  }
}
