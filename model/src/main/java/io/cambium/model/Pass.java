package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Part;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * One worker's way through the decoder with its own sequences. Autograd runs between routing
 * layers; at a routing layer the tokens of all workers meet ({@link ExpertExchange}), and this
 * class carries the gradient across.
 *
 * <p>B batch, S sequence, T = B*S tokens, D hidden, E experts, K top-k.
 */
final class Pass {

  private final Decoder decoder;
  private final Team.Member member;
  private final Parameters parameters;
  private final boolean train;
  private final Deque<Crossing> crossings = new ArrayDeque<>();

  /**
   * What the backward pass needs of one routing layer.
   *
   * @param residual_TD residual stream and shared expert, which the experts' output is added to
   * @param normed_TD what the experts saw
   * @param outputs_TKD what they gave
   * @param rows where the slots lie in the exchange
   * @param balance_E this worker's part of the mean routing probability; undefined without an
   *     auxiliary loss
   * @param z this worker's part of the z-loss; undefined without one
   * @param next_TD the layer's output, where autograd begins again
   */
  private record Crossing(
      MixtureLayer layer,
      Tensor residual_TD,
      Tensor normed_TD,
      Tensor weights_TK,
      Tensor outputs_TKD,
      Tensor rows,
      @Nullable Tensor balance_E,
      @Nullable Tensor z,
      Tensor next_TD) {}

  Pass(Decoder decoder, Team.Member member, boolean train) {
    this.decoder = decoder;
    this.member = member;
    this.parameters = decoder.parameters(member.index());
    this.train = train;
  }

  Parameters parameters() {
    return parameters;
  }

  /**
   * Runs all layers.
   *
   * @param batchTokens tokens that the router losses are a mean over
   * @return the last layer's output, [T, D], before the final norm
   */
  Tensor forward(Tensor ids_BS, long batchTokens) {
    DecoderSpec spec = decoder.spec();
    Rotary rotary = decoder.rotary(Math.toIntExact(ids_BS.size(1)));
    Tensor x_BSD = torch.embedding(parameters.get(Part.EMBEDDING), ids_BS);
    for (int i = 0; i < spec.layers().size(); i++) {
      int layer = i;
      Tensor in_BSD = x_BSD;
      Tensor attended_BSD = Scopes.keepResult(() -> attend(in_BSD, rotary, layer));
      x_BSD =
          switch (spec.layers().get(layer)) {
            case Dense dense -> Scopes.keepResult(() -> dense(attended_BSD, layer));
            case Mixture mixture ->
                mixture(attended_BSD.flatten(0, 1), layer, batchTokens).view_as(attended_BSD);
          };
    }
    return x_BSD.flatten(0, 1);
  }

  private Tensor attend(Tensor x_BSD, Rotary rotary, int layer) {
    Tensor normed_BSD = norm(x_BSD, Part.ATTENTION_NORM, layer);
    return x_BSD.add(decoder.attention(layer).forward(normed_BSD, parameters, rotary));
  }

  private Tensor dense(Tensor x_BSD, int layer) {
    return x_BSD.add(
        Ops.swiGlu(
            norm(x_BSD, Part.FEED_FORWARD_NORM, layer),
            parameters.get(Part.DENSE_GATE, layer),
            parameters.get(Part.DENSE_UP, layer),
            parameters.get(Part.DENSE_DOWN, layer)));
  }

  private Tensor norm(Tensor x, Part part, int layer) {
    return Ops.rmsNorm(x, parameters.get(part, layer), decoder.spec().normEps());
  }

  private Tensor mixture(Tensor x_TD, int index, long batchTokens) {
    MixtureLayer layer = decoder.mixture(index);
    int topK = layer.mixture().topK();
    Tensor normed_TD = norm(x_TD, Part.FEED_FORWARD_NORM, index);
    Router.Decision decision =
        layer.router().route(normed_TD, parameters.get(Part.ROUTER, index), decoder.rule(), index);
    Tensor residual_TD = addShared(x_TD, normed_TD, layer);
    Tensor input_TD = normed_TD.detach();
    decoder.listener().routed(member.index(), index, input_TD, decision.choice());
    Tensor rows = layer.exchange().forward(member, input_TD, decision.choice(), topK, train);
    Tensor outputs_TKD = layer.exchange().collect(rows).view(-1, topK, decoder.spec().hiddenSize());
    Tensor next_TD = combine(residual_TD, decision.weights_TK(), outputs_TKD);
    if (train) {
      next_TD.set_requires_grad(true);
      crossings.push(
          crossing(
              layer, residual_TD, normed_TD, decision, outputs_TKD, rows, next_TD, batchTokens));
    }
    return next_TD;
  }

  private Tensor addShared(Tensor x_TD, Tensor normed_TD, MixtureLayer layer) {
    if (layer.mixture().sharedIntermediateSize() == 0) {
      return x_TD;
    }
    int index = layer.layer();
    return Scopes.keepResult(() ->
        x_TD.add(
            Ops.swiGlu(
                normed_TD,
                parameters.get(Part.SHARED_GATE, index),
                parameters.get(Part.SHARED_UP, index),
                parameters.get(Part.SHARED_DOWN, index))));
  }

  /** {@code residual + sum over K of weight * output}, outside autograd. */
  private static Tensor combine(Tensor residual_TD, Tensor weights_TK, Tensor outputs_TKD) {
    return Scopes.keepResult(() ->
        torch
            .bmm(weights_TK.detach().to(outputs_TKD.scalar_type()).unsqueeze(1), outputs_TKD)
            .squeeze(1)
            .add_(residual_TD.detach()));
  }

  private Crossing crossing(
      MixtureLayer layer,
      Tensor residual_TD,
      Tensor normed_TD,
      Router.Decision decision,
      Tensor outputs_TKD,
      Tensor rows,
      Tensor next_TD,
      long batchTokens) {
    RouterLosses losses = decoder.routerLosses();
    return new Crossing(
        layer,
        residual_TD,
        normed_TD,
        decision.weights_TK(),
        outputs_TKD,
        rows,
        losses.auxiliary() == 0 ? null : probabilities(decision, losses.form(), batchTokens),
        losses.z() == 0 ? null : zLoss(decision.logits_TE(), losses.logSumShift(), batchTokens),
        next_TD);
  }

  /**
   * Each expert's probability, summed over this worker's tokens and divided by the batch's: [E].
   */
  private static Tensor probabilities(
      Router.Decision decision, RouterLosses.Form form, long batchTokens) {
    Tensor probabilities_TE =
        switch (form) {
          case PER_LAYER -> shares(decision.scores_TE());
          case POOLED -> decision.logits_TE().softmax(1);
        };
    return probabilities_TE.sum(0).div(Torch.scalar(batchTokens));
  }

  /** Each score over the sum of its token's. */
  private static Tensor shares(Tensor scores_TE) {
    return scores_TE.div(scores_TE.sum(new long[] {1}, true, new ScalarTypeOptional()));
  }

  private static Tensor zLoss(Tensor logits_TE, double shift, long batchTokens) {
    return logits_TE
        .logsumexp(1)
        .sub(Torch.scalar(shift))
        .square()
        .sum()
        .div(Torch.scalar(batchTokens));
  }

  /**
   * Carries the gradient from {@link #forward}'s result, whose own gradient autograd has filled, to
   * every weight.
   *
   * @param accumulate whether to add to the experts' gradients or to replace them
   */
  void backward(boolean accumulate) {
    while (!crossings.isEmpty()) {
      Crossing crossing = crossings.pop();
      boolean idle = crossing.next_TD().size(0) == 0;
      Scopes.freeAll(() -> cross(crossing, idle, accumulate));
    }
  }

  /** A worker without tokens only helps with the experts. */
  private void cross(Crossing c, boolean idle, boolean accumulate) {
    if (idle) {
      c.layer().exchange().backward(member, c.rows(), c.outputs_TKD().flatten(0, 1), accumulate);
    } else {
      cross(c, accumulate);
    }
  }

  private void cross(Crossing c, boolean accumulate) {
    int topK = c.layer().mixture().topK();
    Tensor dNext_TD = c.next_TD().grad();
    Tensor dWeights_TK = torch.bmm(c.outputs_TKD(), dNext_TD.unsqueeze(-1)).squeeze(-1);
    Tensor dOutputs_TKD =
        c.weights_TK().detach().to(dNext_TD.scalar_type()).unsqueeze(-1).mul(dNext_TD.unsqueeze(1));
    Tensor dNormed_TD =
        c.layer()
            .exchange()
            .backward(member, c.rows(), dOutputs_TKD.flatten(0, 1), accumulate)
            .view(-1, topK, dNext_TD.size(1))
            .sum(1);
    TensorVector outputs = new TensorVector(c.residual_TD(), c.normed_TD(), c.weights_TK());
    TensorVector gradients =
        new TensorVector(dNext_TD, dNormed_TD, dWeights_TK.to(c.weights_TK().scalar_type()));
    addRouterLosses(c, outputs, gradients);
    torch.backward(outputs, gradients, new BoolOptional(), false, new TensorVector());
  }

  private void addRouterLosses(Crossing c, TensorVector outputs, TensorVector gradients) {
    RouterLosses losses = decoder.routerLosses();
    double perLayer = 1.0 / decoder.spec().mixtureLayers().size();
    if (c.balance_E() != null) {
      outputs.push_back(c.balance_E());
      gradients.push_back(
          decoder
              .loadFactors(c.layer())
              .to(c.balance_E().scalar_type())
              .mul(Torch.scalar(losses.auxiliary() * perLayer)));
    }
    if (c.z() != null) {
      outputs.push_back(c.z());
      gradients.push_back(torch.ones_like(c.z()).mul(Torch.scalar(losses.z() * perLayer)));
    }
  }

  /** The value of both router losses over this worker's tokens, coefficients included. */
  double routerLoss() {
    RouterLosses losses = decoder.routerLosses();
    double total = 0;
    for (Crossing c : crossings) {
      if (c.balance_E() != null) {
        Tensor factors_E = decoder.loadFactors(c.layer()).to(c.balance_E().scalar_type());
        total += losses.auxiliary() * c.balance_E().detach().mul(factors_E).sum().item_double();
      }
      if (c.z() != null) {
        total += losses.z() * c.z().detach().item_double();
      }
    }
    return total / decoder.spec().mixtureLayers().size();
  }
}
