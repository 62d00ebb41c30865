package io.cambium.model;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One worker's handles on the weights outside the routed experts. For training they are leaves of
 * their own that share the weights' memory, so that every worker has its own gradients over one set
 * of weights.
 */
final class Parameters {

  /** At a hidden size of 8,192, 512 MB in fp32. */
  private static final long PIECE_ROWS = 1 << 14;

  private final Map<Tensor, Tensor> leaves = new HashMap<>();
  private final Weights weights;

  private Parameters(Weights weights) {
    this.weights = weights;
  }

  /** Of the tensors that are trained leaves that collect gradients, over the same memory. */
  static Parameters leaves(Weights weights, Predicate<ModelTensor> trained) {
    Parameters parameters = new Parameters(weights);
    weights
        .all()
        .forEach((tensor, value) -> {
          // Experts have their own backward pass.
          if (!tensor.part().isExpert() && trained.test(tensor)) {
            parameters.leaves.put(value, value.detach().set_requires_grad(true));
          }
        });
    return parameters;
  }

  /** Forgets the gradients, so that the next backward pass sets them instead of adding to them. */
  void clearGradients() {
    leaves.values().forEach(leaf -> leaf.mutable_grad().reset());
  }

  /** The gradient of a weight that is not computed by autograd alone, zero at first. */
  Tensor gradient(Part part) {
    Tensor leaf = get(part);
    Tensor gradient = leaf.mutable_grad();
    if (!gradient.defined()) {
      gradient.put(torch.zeros_like(leaf.detach()));
    }
    return leaf.mutable_grad();
  }

  Tensor get(Part part) {
    return handle(weights.get(part));
  }

  Tensor get(Part part, int layer) {
    return handle(weights.get(part, layer));
  }

  Tensor handle(Tensor weight) {
    return leaves.getOrDefault(weight, weight);
  }

  /** The embeddings of tokens: of a matrix as stored, only the rows that are asked for. */
  Tensor embed(Tensor ids_BS) {
    Tensor stored_VD = weights.get(Part.EMBEDDING);
    return torch.embedding(handle(stored_VD), ids_BS).to(weights.compute());
  }

  /**
   * The product with a matrix of the vocabulary's size [T, V]: one that is stored in another type
   * is converted in pieces.
   */
  Tensor linear(Tensor x_TD, Part part) {
    Tensor stored_VD = weights.get(part);
    if (Crew.HERE.isBound() || stored_VD.scalar_type().intern() == weights.compute()) {
      return Ops.linear(x_TD, handle(stored_VD));
    }
    long vocabulary = stored_VD.size(0);
    Tensor out_TV = Torch.empty(weights.compute(), new long[] {x_TD.size(0), vocabulary});
    for (long from = 0; from < vocabulary; from += PIECE_ROWS) {
      long rows = Math.min(PIECE_ROWS, vocabulary - from);
      Tensor piece_RD = stored_VD.narrow(0, from, rows);
      Tensor target_TR = out_TV.narrow(1, from, rows);
      Scopes.freeAll(() -> target_TR.copy_(Ops.linear(x_TD, piece_RD)));
    }
    return out_TV;
  }
}
