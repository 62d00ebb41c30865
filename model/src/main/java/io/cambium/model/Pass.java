package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.RouterLosses.Form;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.UnaryOperator;
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
  private final @Nullable KeyValueCache cache;
  private final Deque<Cut> cuts = new ArrayDeque<>();
  private boolean again;
  private @Nullable Tensor documents_BS;

  /** Where autograd ends and begins again, so that this class carries the gradient across. */
  private sealed interface Cut permits Crossing, Block {}

  /**
   * A residual block whose activations are dropped and computed again on the way back (selective
   * recomputation, arXiv 2205.05198, section 5).
   *
   * @param in_BSD what it was given
   * @param out_BSD what it gave, where autograd begins again
   */
  private record Block(Tensor in_BSD, UnaryOperator<Tensor> work, Tensor out_BSD) implements Cut {}

  /**
   * What the backward pass needs of one routing layer.
   *
   * @param residual_TD residual stream that the experts' output is added to; null where it goes
   *     around the layer
   * @param shared the shared expert; null where there is none
   * @param normed_TD what the experts saw
   * @param weights_TK what the experts' outputs, or inputs, were multiplied with
   * @param outputs_TKD what they gave
   * @param rows where the slots lie in the exchange
   * @param balance_E this worker's part of the mean routing probability; null without a loss that
   *     multiplies it with the load of all workers
   * @param own this worker's part of the losses that need no other worker's tokens, coefficients
   *     included; null without any
   * @param sum_TD residual stream, shared expert and outputs together, where autograd begins again
   * @param around residual stream that goes around the layer; null where sum_TD holds it
   */
  private record Crossing(
      MixtureLayer layer,
      @Nullable Tensor residual_TD,
      @Nullable Shared shared,
      Tensor normed_TD,
      Tensor weights_TK,
      Tensor outputs_TKD,
      Tensor rows,
      @Nullable Tensor balance_E,
      @Nullable Tensor own,
      Tensor sum_TD,
      @Nullable Around around)
      implements Cut {}

  /**
   * A shared expert between two cuts: forward and backward, it computes while tokens travel.
   *
   * @param in_TD what it was given, where autograd begins again
   * @param out_TD what it gave, times {@link #outputScale}
   */
  private record Shared(Tensor in_TD, Tensor out_TD) {}

  /** A tensor before and after a cut through autograd. */
  private record Around(Tensor before_TD, Tensor after_TD) {}

  /**
   * @param cache of earlier tokens; null to run whole sequences
   */
  Pass(Decoder decoder, Team.Member member, boolean train, @Nullable KeyValueCache cache) {
    this.cache = cache;
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
    documents_BS = cache == null ? decoder.documents(ids_BS) : null;
    Tensor x_BSD = Ops.times(parameters.embed(ids_BS), spec.scales().embedding());
    for (int i = 0; i < spec.layers().size(); i++) {
      int layer = i;
      Tensor attended_BSD = run(x_BSD, in_BSD -> attend(in_BSD, layer));
      x_BSD =
          switch (spec.layers().get(layer).feedForward()) {
            case Dense dense -> run(attended_BSD, in_BSD -> dense(in_BSD, dense, layer));
            case Mixture mixture ->
                mixture(attended_BSD.flatten(0, 1), layer, ids_BS, batchTokens)
                    .view_as(attended_BSD);
          };
    }
    return x_BSD.flatten(0, 1);
  }

  private Tensor run(Tensor in_BSD, UnaryOperator<Tensor> block) {
    if (!train || !decoder.recomputes()) {
      return Scopes.keepResult(() -> block.apply(in_BSD));
    }
    Tensor out_BSD =
        Scopes.keepResult(() -> {
          Tensor attached_BSD = block.apply(in_BSD);
          return attached_BSD.detach().set_requires_grad(attached_BSD.requires_grad());
        });
    cuts.push(new Block(in_BSD, block, out_BSD));
    return out_BSD;
  }

  private Tensor attend(Tensor x_BSD, int layer) {
    long length = (cache == null ? 0 : cache.layer(layer).length()) + x_BSD.size(1);
    return block(
        x_BSD,
        Part.ATTENTION_NORM,
        layer,
        in_BSD ->
            decoder
                .attention(layer)
                .forward(
                    in_BSD,
                    parameters,
                    decoder.rotary(layer, length),
                    cache == null ? null : cache.layer(layer),
                    documents_BS));
  }

  private Tensor dense(Tensor x_BSD, Dense dense, int layer) {
    return block(
        x_BSD,
        Part.FEED_FORWARD_NORM,
        layer,
        in_BSD -> {
          if (!again) {
            decoder.listener().passed(member.index(), layer, in_BSD.detach().flatten(0, 1));
          }
          return Ops.gated(
              in_BSD,
              parameters.get(Part.DENSE_GATE, layer),
              parameters.get(Part.DENSE_UP, layer),
              parameters.get(Part.DENSE_DOWN, layer),
              dense.activation());
        });
  }

  /** A residual block, normalised before or behind. */
  private Tensor block(Tensor x, Part norm, int layer, UnaryOperator<Tensor> work) {
    Tensor out = after() ? norm(work.apply(x), norm, layer) : work.apply(norm(x, norm, layer));
    return x.add(Ops.times(out, residualScale()));
  }

  private boolean after() {
    return decoder.spec().norms().after();
  }

  /** Of what a routing layer adds up: the residual stream is among it, or comes after a norm. */
  private double outputScale() {
    return after() ? 1 : residualScale();
  }

  private double residualScale() {
    return decoder.spec().scales().residual();
  }

  private Tensor norm(Tensor x, Part part, int layer) {
    return Ops.rmsNorm(x, parameters.get(part, layer), decoder.spec().norms());
  }

  private Tensor mixture(Tensor x_TD, int index, Tensor ids_BS, long batchTokens) {
    MixtureLayer layer = decoder.mixture(index);
    Tensor in_TD = after() ? x_TD : norm(x_TD, Part.FEED_FORWARD_NORM, index);
    Router.Decision decision = route(in_TD, layer, ids_BS);
    Tensor weights_TK =
        layer.mixture().router().weightsInput()
            ? decision.weights_TK()
            : Ops.times(decision.weights_TK(), outputScale());
    decoder.listener().routed(member.index(), index, in_TD.detach(), decision.choice());
    decoder.listener().scored(member.index(), index, decision.scores_TE().detach());
    Tensor slots_SD = slots(layer, in_TD.detach(), weights_TK.detach());
    Tensor rows = layer.exchange().startForward(member, slots_SD, decision.choice(), train);
    Shared shared = shared(in_TD, layer);
    layer.exchange().finishForward(member);
    Tensor outputs_TKD =
        layer
            .exchange()
            .collect(rows)
            .view(-1, layer.mixture().topK(), decoder.spec().hiddenSize());
    decoder
        .listener()
        .answered(
            member.index(), index, decision.choice(), decision.weights_TK().detach(), outputs_TKD);
    Tensor residual_TD = after() ? null : x_TD;
    Tensor sum_TD = combine(layer, residual_TD, shared, weights_TK, outputs_TKD);
    Around around = after() ? new Around(x_TD, x_TD.detach()) : null;
    if (train) {
      sum_TD.set_requires_grad(
          layer.trainsExperts()
              || in_TD.requires_grad()
              || weights_TK.requires_grad()
              || (residual_TD != null && residual_TD.requires_grad())
              || (shared != null && shared.out_TD().requires_grad()));
      if (around != null) {
        around.after_TD().set_requires_grad(around.before_TD().requires_grad());
      }
      cuts.push(
          new Crossing(
              layer,
              residual_TD,
              shared,
              in_TD,
              weights_TK,
              outputs_TKD,
              rows,
              balance(decision, batchTokens),
              ownLosses(layer, in_TD, decision, ids_BS, batchTokens),
              sum_TD,
              around));
    }
    return around == null
        ? sum_TD
        : around
            .after_TD()
            .add(Ops.times(norm(sum_TD, Part.FEED_FORWARD_NORM, index), residualScale()));
  }

  private Router.Decision route(Tensor in_TD, MixtureLayer layer, Tensor ids_BS) {
    return layer
        .router()
        .route(
            in_TD,
            routerRows(layer),
            routerBias(layer),
            decoder.rule(),
            new Router.Tokens(layer.layer(), ids_BS));
  }

  private Tensor routerRows(MixtureLayer layer) {
    return parameters.get(Part.ROUTER, layer.layer());
  }

  private @Nullable Tensor routerBias(MixtureLayer layer) {
    return layer.mixture().router().logitBias()
        ? parameters.get(Part.ROUTER_BIAS, layer.layer())
        : null;
  }

  private @Nullable Shared shared(Tensor x_TD, MixtureLayer layer) {
    if (layer.mixture().sharedIntermediateSize() == 0) {
      return null;
    }
    Tensor in_TD = x_TD.detach().set_requires_grad(x_TD.requires_grad());
    return new Shared(
        in_TD, Scopes.keepResult(() -> Ops.times(sharedExpert(in_TD, layer), outputScale())));
  }

  private Tensor sharedExpert(Tensor in_TD, MixtureLayer layer) {
    int index = layer.layer();
    Tensor out_TD =
        Ops.gated(
            in_TD,
            parameters.get(Part.SHARED_GATE, index),
            parameters.get(Part.SHARED_UP, index),
            parameters.get(Part.SHARED_DOWN, index),
            layer.mixture().activation());
    return layer.mixture().sharedGate()
        ? out_TD.mul(torch.sigmoid(Ops.linear(in_TD, parameters.get(Part.SHARED_SCALE, index))))
        : out_TD;
  }

  /**
   * What each slot's expert is given, weighted already where the family weights inputs: [T*K, D].
   */
  private static Tensor slots(MixtureLayer layer, Tensor in_TD, Tensor weights_TK) {
    return Scopes.keepResult(() -> {
      Tensor slots_TKD = in_TD.unsqueeze(1).expand(-1, layer.mixture().topK(), -1);
      Tensor given_TKD =
          layer.mixture().router().weightsInput()
              ? slots_TKD.mul(weights_TK.to(in_TD.scalar_type()).unsqueeze(-1))
              : slots_TKD;
      return given_TKD.flatten(0, 1);
    });
  }

  /** {@code residual + shared + sum over K of weight * output}, outside autograd. */
  private static Tensor combine(
      MixtureLayer layer,
      @Nullable Tensor residual_TD,
      @Nullable Shared shared,
      Tensor weights_TK,
      Tensor outputs_TKD) {
    return Scopes.keepResult(() -> {
      Tensor sum_TD =
          layer.mixture().router().weightsInput()
              ? outputs_TKD.sum(1)
              : torch
                  .bmm(weights_TK.detach().to(outputs_TKD.scalar_type()).unsqueeze(1), outputs_TKD)
                  .squeeze(1);
      Tensor base_TD = base(residual_TD, shared);
      return base_TD == null ? sum_TD : sum_TD.add_(base_TD);
    });
  }

  private static @Nullable Tensor base(@Nullable Tensor residual_TD, @Nullable Shared shared) {
    if (shared == null) {
      return residual_TD == null ? null : residual_TD.detach();
    }
    Tensor shared_TD = shared.out_TD().detach();
    return residual_TD == null ? shared_TD : residual_TD.detach().add(shared_TD);
  }

  /**
   * Each expert's probability, summed over this worker's tokens and divided by the batch's: [E].
   */
  private @Nullable Tensor balance(Router.Decision decision, long batchTokens) {
    RouterLosses losses = decoder.routerLosses();
    if (losses.auxiliary() == 0 || losses.form() == Form.SEQUENCE) {
      return null;
    }
    Tensor probabilities_TE =
        losses.form() == Form.POOLED
            ? decision.logits_TE().softmax(1)
            : shares(decision.scores_TE());
    return probabilities_TE.sum(0).div(Torch.scalar(batchTokens));
  }

  private @Nullable Tensor ownLosses(
      MixtureLayer layer, Tensor in_TD, Router.Decision decision, Tensor ids_BS, long batchTokens) {
    RouterLosses losses = decoder.routerLosses();
    List<Tensor> parts = new ArrayList<>();
    if (losses.auxiliary() != 0 && losses.form() == Form.SEQUENCE) {
      parts.add(
          sequenceBalance(decision, ids_BS.size(0), ids_BS.size(1), batchTokens)
              .mul(Torch.scalar(losses.auxiliary())));
    }
    if (losses.z() != 0) {
      parts.add(
          zLoss(decision.logits_TE(), losses.logSumShift(), batchTokens)
              .mul(Torch.scalar(losses.z())));
    }
    if (losses.agreement() != 0 && decoder.rule() instanceof SelectionRule.Lineage rule) {
      parts.add(agreement(layer, in_TD, rule).mul(Torch.scalar(losses.agreement() / batchTokens)));
    }
    return parts.stream().reduce(Tensor::add).orElse(null);
  }

  /** Summed over this worker's tokens. */
  private Tensor agreement(MixtureLayer layer, Tensor in_TD, SelectionRule.Lineage rule) {
    return Scopes.keepResult(() ->
        layer
            .router()
            .disagreement(in_TD, routerRows(layer), routerBias(layer), rule, layer.layer())
            .sum());
  }

  /** The sequence-wise loss over this worker's sequences; each weighs what its tokens weigh. */
  private static Tensor sequenceBalance(
      Router.Decision decision, long sequences, long length, long batchTokens) {
    Tensor shares_TE = shares(decision.scores_TE());
    long experts = shares_TE.size(1);
    long slots = length * decision.weights_TK().size(1);
    Tensor sums_BE = shares_TE.view(sequences, length, experts).sum(1);
    Tensor load_BE = load(decision.choice(), sequences, experts).to(shares_TE.scalar_type());
    return sums_BE.mul(load_BE).sum().mul(Torch.scalar((double) experts / slots / batchTokens));
  }

  /** How often each sequence chose each expert: [B, E]. */
  private static Tensor load(int[] choice, long sequences, long experts) {
    float[] load_BE = new float[Math.toIntExact(sequences * experts)];
    for (int slot = 0; slot < choice.length; slot++) {
      long sequence = slot * sequences / choice.length;
      load_BE[(int) (sequence * experts) + choice[slot]]++;
    }
    return Torch.tensor(load_BE, sequences, experts);
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
    while (!cuts.isEmpty()) {
      switch (cuts.pop()) {
        case Crossing crossing -> {
          if (crossing.sum_TD().requires_grad()) { // or nothing below is trained
            boolean idle = crossing.sum_TD().size(0) == 0;
            Scopes.freeAll(() -> cross(crossing, idle, accumulate));
          }
        }
        case Block block -> {
          if (block.out_BSD().requires_grad() && block.out_BSD().size(0) > 0) {
            Scopes.freeAll(() -> runAgain(block));
          }
        }
      }
    }
  }

  private void runAgain(Block block) {
    again = true;
    Tensor in_BSD = block.in_BSD().detach().set_requires_grad(block.in_BSD().requires_grad());
    backward(block.work().apply(in_BSD), block.out_BSD().grad());
    again = false;
    if (in_BSD.requires_grad()) {
      backward(block.in_BSD(), in_BSD.grad());
    }
  }

  private static void backward(Tensor output, Tensor gradient) {
    backward(new TensorVector(output), new TensorVector(gradient));
  }

  private static void backward(TensorVector outputs, TensorVector gradients) {
    torch.backward(outputs, gradients, new BoolOptional(), false, new TensorVector());
  }

  /** A worker without tokens only helps with the experts. */
  private void cross(Crossing c, boolean idle, boolean accumulate) {
    if (idle) {
      ExpertExchange exchange = c.layer().exchange();
      exchange.startBackward(member, c.rows(), c.outputs_TKD().flatten(0, 1));
      exchange.finishBackward(member, c.rows(), accumulate);
    } else {
      cross(c, accumulate);
    }
  }

  private void cross(Crossing c, boolean accumulate) {
    Tensor dSum_TD = c.sum_TD().grad();
    ExpertExchange exchange = c.layer().exchange();
    exchange.startBackward(member, c.rows(), dOutputs(c, dSum_TD).flatten(0, 1));
    Tensor dShared_TD = crossShared(c.shared(), dSum_TD);
    Tensor dSlots_TKD =
        exchange.finishBackward(member, c.rows(), accumulate).view_as(c.outputs_TKD());
    TensorVector outputs = new TensorVector();
    TensorVector gradients = new TensorVector();
    Tensor dNormed_TD = dNormed(c, dSlots_TKD);
    add(
        outputs,
        gradients,
        c.normed_TD(),
        dShared_TD == null ? dNormed_TD : dNormed_TD.add(dShared_TD));
    add(outputs, gradients, c.weights_TK(), dWeights(c, dSum_TD, dSlots_TKD));
    if (c.residual_TD() != null) {
      add(outputs, gradients, c.residual_TD(), dSum_TD);
    }
    if (c.around() != null) {
      add(outputs, gradients, c.around().before_TD(), c.around().after_TD().grad());
    }
    addRouterLosses(c, outputs, gradients);
    if (!outputs.empty()) {
      backward(outputs, gradients);
    }
  }

  /**
   * Carries the gradient through the shared expert, to its weights and to what it was given.
   *
   * @return the latter; null where there is no shared expert, or nobody needs it
   */
  private static @Nullable Tensor crossShared(@Nullable Shared shared, Tensor dSum_TD) {
    if (shared == null || !shared.out_TD().requires_grad()) {
      return null;
    }
    backward(shared.out_TD(), dSum_TD);
    return shared.in_TD().requires_grad() ? shared.in_TD().grad() : null;
  }

  /** The gradient of each expert's output: [T, K, D]. */
  private static Tensor dOutputs(Crossing c, Tensor dSum_TD) {
    return weightsInput(c)
        ? dSum_TD.unsqueeze(1).expand_as(c.outputs_TKD()).contiguous()
        : weights(c, dSum_TD).unsqueeze(-1).mul(dSum_TD.unsqueeze(1));
  }

  /** The part of the gradient of what the experts saw that came through them: [T, D]. */
  private static Tensor dNormed(Crossing c, Tensor dSlots_TKD) {
    return weightsInput(c)
        ? torch.bmm(weights(c, dSlots_TKD).unsqueeze(1), dSlots_TKD).squeeze(1)
        : dSlots_TKD.sum(1);
  }

  private static Tensor dWeights(Crossing c, Tensor dSum_TD, Tensor dSlots_TKD) {
    Tensor dWeights_TK1 =
        weightsInput(c)
            ? torch.bmm(dSlots_TKD, c.normed_TD().detach().unsqueeze(-1))
            : torch.bmm(c.outputs_TKD(), dSum_TD.unsqueeze(-1));
    return dWeights_TK1.squeeze(-1).to(c.weights_TK().scalar_type());
  }

  private static boolean weightsInput(Crossing c) {
    return c.layer().mixture().router().weightsInput();
  }

  /** The weights in the type of a tensor that they are multiplied with. */
  private static Tensor weights(Crossing c, Tensor with) {
    return c.weights_TK().detach().to(with.scalar_type());
  }

  /** What nothing trained went into has no use for a gradient. */
  private static void add(
      TensorVector outputs, TensorVector gradients, Tensor output, Tensor gradient) {
    if (output.requires_grad()) {
      outputs.push_back(output);
      gradients.push_back(gradient);
    }
  }

  private void addRouterLosses(Crossing c, TensorVector outputs, TensorVector gradients) {
    RouterLosses losses = decoder.routerLosses();
    double perLayer = 1.0 / decoder.spec().mixtureLayers().size();
    if (c.balance_E() != null) {
      add(
          outputs,
          gradients,
          c.balance_E(),
          decoder
              .loadFactors(c.layer())
              .to(c.balance_E().scalar_type())
              .mul(Torch.scalar(losses.auxiliary() * perLayer)));
    }
    if (c.own() != null) {
      add(outputs, gradients, c.own(), torch.full_like(c.own(), Torch.scalar(perLayer)));
    }
  }

  /** The value of the router losses over this worker's tokens, coefficients included. */
  double routerLoss() {
    RouterLosses losses = decoder.routerLosses();
    double total = 0;
    List<Crossing> crossings =
        cuts.stream().filter(Crossing.class::isInstance).map(Crossing.class::cast).toList();
    for (Crossing c : crossings) {
      if (c.balance_E() != null) {
        Tensor factors_E = decoder.loadFactors(c.layer()).to(c.balance_E().scalar_type());
        total += losses.auxiliary() * c.balance_E().detach().mul(factors_E).sum().item_double();
      }
      if (c.own() != null) {
        total += c.own().detach().item_double();
      }
    }
    return crossings.isEmpty() ? 0 : total / crossings.size();
  }
}
