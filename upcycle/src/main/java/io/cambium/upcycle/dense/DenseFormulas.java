package io.cambium.upcycle.dense;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.dense.expert.ExpertSlot;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import java.util.List;
import java.util.stream.IntStream;

/** The formula of every weight of a model whose experts come of dense blocks. */
record DenseFormulas(DenseParents parents, DenseHome home, DenseOptions options) {

  /** The ledger's line for one tensor of the result. */
  Entry entry(ModelTensor target) {
    Formula formula = formula(target);
    return new Entry(target, dtype(target, formula), formula);
  }

  /** That of the tensor it is made of. */
  private DType dtype(ModelTensor target, Formula formula) {
    // The balancer's steps of 0.001 need fp32 whatever the model's type.
    return target.part() == Part.SELECTION_BIAS
        ? DType.F32
        : formula.sources().stream()
            .filter(tensor -> tensor.origin() == Origin.WEIGHTS)
            .map(tensor -> parents.models().get(tensor.model()).weights().spec(tensor.name()))
            .map(TensorSpec::dtype)
            .findFirst()
            .orElseGet(this::modelType);
  }

  /** The type of new tensors. */
  DType modelType() {
    SourceCheckpoint source = parents.first();
    return source.dtype(source.tensor(Part.EMBEDDING, ModelTensor.NONE, ModelTensor.NONE));
  }

  private Formula formula(ModelTensor target) {
    int layer = target.layer();
    return switch (target.part()) {
      case EXPERT_GATE -> expert(target, Part.DENSE_GATE, 1);
      case EXPERT_UP -> expert(target, Part.DENSE_UP, 1);
      // Shards of a copy share its weight, and a shared expert takes half of it.
      case EXPERT_DOWN ->
          expert(
              target, Part.DENSE_DOWN, options.granularity() * (options.sharedExpert() ? 0.5 : 1));
      case ROUTER -> router(layer);
      case SHARED_GATE -> shared(target, Part.DENSE_GATE);
      case SHARED_UP -> shared(target, Part.DENSE_UP);
      case SHARED_DOWN -> options.sharedExpert() ? sharedDown(layer) : new Formula.Zeros();
      // A gate of zeros is open by half, for every token.
      case SELECTION_BIAS, ROUTER_BIAS, SHARED_SCALE -> new Formula.Zeros();
      case EMBEDDING -> scaledEmbedding();
      case LM_HEAD ->
          parents.find(Part.LM_HEAD, ModelTensor.NONE, ModelTensor.NONE).orElseGet(this::embedding);
      default -> carried(target);
    };
  }

  private Formula carried(ModelTensor target) {
    Formula copied =
        parents
            .find(target.part(), target.layer(), target.expert())
            .orElseGet(() -> absent(target));
    boolean fromOne = home.folded() && decoder().norms().fromOne();
    return fromOne && target.part().isNorm() ? new Formula.Shifted(copied, 1) : copied;
  }

  /** What the family has and the source has not. */
  private static Formula absent(ModelTensor target) {
    if (!target.part().isBias()) {
      throw new IllegalStateException("the source has nothing that " + target.name() + " could be");
    }
    return new Formula.Zeros();
  }

  private DecoderSpec decoder() {
    return parents.first().decoder();
  }

  private Formula embedding() {
    return common(Part.EMBEDDING, ModelTensor.NONE);
  }

  /** A tensor outside of experts, which the models have. */
  private Formula common(Part part, int layer) {
    return parents.find(part, layer, ModelTensor.NONE).orElseThrow();
  }

  private Formula scaledEmbedding() {
    double factor = decoder().scales().embedding() / home.decoder().scales().embedding();
    return factor == 1 ? embedding() : new Formula.Scaled(embedding(), factor);
  }

  /** The block that a copy comes of. */
  private Formula dense(int layer, Part part, int copy) {
    SourceCheckpoint model = parents.of(copy);
    return new Formula.Copy(model.source(model.tensor(part, layer, ModelTensor.NONE)));
  }

  private int width(int layer) {
    return ((Dense) decoder().layers().get(layer).feedForward()).intermediateSize();
  }

  /** Expert n is shard n mod G of copy n / G. */
  private Formula expert(ModelTensor target, Part part, double factor) {
    int layer = target.layer();
    int copy = target.expert() / options.granularity();
    ExpertSlot slot =
        new ExpertSlot(layer, copy, options.copies(), part, width(layer), options.seed());
    Formula whole = options.experts().copy(dense(layer, part, copy), slot);
    Mixture mixture = home.decoder().mixture(layer);
    int width = mixture.intermediateSize();
    int shard = target.expert() % options.granularity();
    Formula slice =
        options.granularity() == 1
            ? whole
            : new Formula.Slice(whole, part.neuronAxis(), (long) shard * width, width);
    return factor == 1 ? slice : new Formula.Scaled(slice, factor);
  }

  /** All shards of a copy have its row, so that a token visits them together. */
  private Formula router(int layer) {
    int hidden = decoder().hiddenSize();
    Formula rows = options.router().rows(layer, options.copies(), hidden, options.seed());
    if (options.granularity() == 1) {
      return rows;
    }
    List<Integer> copies =
        IntStream.range(0, options.experts_N())
            .mapToObj(expert -> expert / options.granularity())
            .toList();
    return new Formula.GatherRows(rows, copies);
  }

  /** The first neurons of the block, as many as the shared expert has. */
  private Formula shared(ModelTensor target, Part part) {
    Formula block = common(part, target.layer());
    long width = target.shape().getFirst();
    return width == width(target.layer()) ? block : new Formula.Slice(block, 0, 0, width);
  }

  private Formula sharedDown(int layer) {
    Formula block = common(Part.DENSE_DOWN, layer);
    // A gated one is at half weight already.
    return home.decoder().mixture(layer).sharedGate() ? block : new Formula.Scaled(block, 0.5);
  }
}
