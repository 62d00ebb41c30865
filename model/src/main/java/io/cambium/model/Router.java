package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Groups;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Chooses K of E experts for each token and weights them. Logits and scores are fp32 at least,
 * whatever the model computes in. T tokens, E experts, K top-k, D hidden.
 */
final class Router {

  /** What transformers adds to the sum of the chosen scores, so that it is never zero. */
  private static final double SUM_EPSILON = 1e-20;

  /**
   * By how much siblings have to stay below, as a share of the way down to the least score: a bar
   * that can be met however small the scores are.
   */
  private static final double AGREEMENT_MARGIN = 0.1;

  /**
   * A routing decision.
   *
   * @param weights_TK the factor on each chosen expert's output, differentiable
   * @param choice the chosen experts, T*K, slots of a token side by side
   * @param logits_TE as the router computed them, differentiable
   * @param scores_TE the scores that choice and weights come from, differentiable
   */
  record Decision(Tensor weights_TK, int[] choice, Tensor logits_TE, Tensor scores_TE) {}

  private final Mixture mixture;
  private final @Nullable Tensor selectionBias_E;

  /**
   * @param selectionBias_E null for a router without one
   */
  Router(Mixture mixture, @Nullable Tensor selectionBias_E) {
    this.mixture = mixture;
    this.selectionBias_E = selectionBias_E;
  }

  /**
   * What a rule may ask besides the logits.
   *
   * @param ids_BS the ids of all T tokens
   */
  record Tokens(int layer, Tensor ids_BS) {}

  /**
   * Routes tokens.
   *
   * @param logitBias_E on the logits; null for none
   */
  Decision route(
      Tensor x_TD,
      Tensor weight_ED,
      @Nullable Tensor logitBias_E,
      SelectionRule rule,
      Tokens tokens) {
    Tensor logits_TE = logits(x_TD, weight_ED, logitBias_E);
    return switch (rule) {
      case SelectionRule.Plain() -> {
        Tensor scores_TE = scores(logits_TE);
        yield decide(logits_TE, scores_TE, biased(scores_TE.detach()));
      }
      case SelectionRule.Cold(double holdBack, var replicas) -> {
        Tensor scores_TE = scores(logits_TE);
        Tensor lowered_E =
            lowered(Objects.requireNonNull(replicas.get(tokens.layer())), (float) holdBack);
        yield decide(logits_TE, scores_TE, biased(scores_TE.detach()).sub(lowered_E));
      }
      case SelectionRule.Lineage lineage -> byLineage(logits_TE, lineage, tokens.layer());
      case SelectionRule.Hash hash -> byHash(logits_TE, hash, tokens);
    };
  }

  private static Tensor logits(Tensor x_TD, Tensor weight_ED, @Nullable Tensor logitBias_E) {
    ScalarType type = Ops.wide(x_TD);
    Tensor weight = weight_ED.to(type);
    return logitBias_E == null
        ? torch.linear(x_TD.to(type), weight)
        : torch.linear(x_TD.to(type), weight, new TensorOptional(logitBias_E.to(type)));
  }

  private Tensor scores(Tensor logits_TE) {
    return switch (mixture.router().score()) {
      case SIGMOID -> torch.sigmoid(logits_TE);
      case SOFTMAX -> torch.softmax(logits_TE, 1);
    };
  }

  /** Scores as they are compared for choosing. */
  private Tensor biased(Tensor scores_TE) {
    return selectionBias_E == null ? scores_TE : scores_TE.add(selectionBias_E);
  }

  private Tensor lowered(List<Integer> replicas, float holdBack) {
    float[] lowered_E = new float[mixture.experts()];
    replicas.forEach(expert -> lowered_E[expert] = holdBack);
    return Torch.tensor(lowered_E, lowered_E.length);
  }

  private Decision byLineage(Tensor logits_TE, SelectionRule.Lineage rule, int layer) {
    LineageIndex index = LineageIndex.of(Objects.requireNonNull(rule.parents().get(layer)));
    Tensor mean_TE = torch.mm(logits_TE, index.meanOf_EE().to(logits_TE.scalar_type()));
    Tensor mixed_TE =
        mean_TE
            .mul(Torch.scalar(1 - rule.ownLogit()))
            .add(logits_TE.mul(Torch.scalar(rule.ownLogit())));
    Tensor scores_TE = lineageScores(mixed_TE, index, rule.ownLogit());
    Tensor others_TE = nonBest(biased(scores(logits_TE.detach())), index);
    Tensor choice_TE = biased(scores_TE.detach());
    Tensor lowered_TE =
        Double.isInfinite(rule.siblingPenalty())
            ? choice_TE.masked_fill(others_TE, Torch.scalar(Double.NEGATIVE_INFINITY))
            : choice_TE.sub(
                others_TE.to(choice_TE.scalar_type()).mul_(penalty_T1(choice_TE, rule)));
    return decide(logits_TE, scores_TE, lowered_TE);
  }

  /**
   * How far plain top-K is from taking one sibling of each lineage, [T]: over the siblings that do
   * not stand for their lineage, the sum of what each scores above the last of the K that are
   * chosen of those that do, margin included, in spans of the scores. Margin and span count as
   * constants, and so do hidden states: they are not there to make the routers' choice easier.
   */
  Tensor disagreement(
      Tensor x_TD,
      Tensor weight_ED,
      @Nullable Tensor logitBias_E,
      SelectionRule.Lineage rule,
      int layer) {
    LineageIndex index = LineageIndex.of(Objects.requireNonNull(rule.parents().get(layer)));
    Tensor own_TE = biased(scores(logits(x_TD.detach(), weight_ED, logitBias_E)));
    Tensor others_TE = nonBest(own_TE.detach(), index);
    Tensor within_TE = withinGroups(own_TE);
    Tensor last_T1 =
        lastChosen(within_TE.masked_fill(others_TE, Torch.scalar(Double.NEGATIVE_INFINITY)));
    Tensor down_T1 = last_T1.sub(own_TE.amin(new long[] {1}, true)).detach();
    Tensor above_TE =
        within_TE.sub(last_T1).add(down_T1.mul(Torch.scalar(AGREEMENT_MARGIN))).relu();
    Tensor span_T1 = span_T1(own_TE.detach()).clamp_min(Torch.scalar(1.0 / mixture.experts()));
    return above_TE
        .mul(others_TE.to(above_TE.scalar_type()))
        .div(span_T1)
        .sum(new long[] {1}, false, new ScalarTypeOptional());
  }

  private Tensor lastChosen(Tensor choice_TE) {
    return torch.topk(choice_TE, mixture.topK()).get0().narrow(1, mixture.topK() - 1, 1);
  }

  /** What non-best siblings are lowered by. */
  private Tensor penalty_T1(Tensor choice_TE, SelectionRule.Lineage rule) {
    return span_T1(choice_TE).mul(Torch.scalar(rule.siblingPenalty()));
  }

  /**
   * What scores can differ by. Sigmoid scores lie within one; those of a softmax are the smaller
   * the more experts there are, so that of each token the largest and the smallest count.
   */
  private Tensor span_T1(Tensor choice_TE) {
    return switch (mixture.router().score()) {
      case SIGMOID -> Torch.tensor(new float[] {1}, 1, 1);
      case SOFTMAX ->
          choice_TE.amax(new long[] {1}, true).sub(choice_TE.amin(new long[] {1}, true));
    };
  }

  /** Scores that are the source's while no own logit counts. */
  private Tensor lineageScores(Tensor mixed_TE, LineageIndex index, double ownLogit) {
    boolean shared = mixture.router().score() == Score.SOFTMAX && !mixture.router().normalised();
    if (!shared) {
      return scores(mixed_TE);
    }
    Tensor power_E = index.logSiblings_E().mul(Torch.scalar(1 - ownLogit));
    return scores(mixed_TE.sub(power_E)).mul(power_E.exp());
  }

  /** Equal weights of the sum that normalised ones have, whatever the hidden state. */
  private Decision byHash(Tensor logits_TE, SelectionRule.Hash rule, Tokens tokens) {
    int[] choice =
        rule.choose(
            Torch.longs(tokens.ids_BS()), tokens.layer(), mixture.experts(), mixture.topK());
    // Out of the logits, so that the router's gradient is zero instead of missing.
    Tensor weights_TK =
        logits_TE
            .narrow(1, 0, mixture.topK())
            .mul(Torch.scalar(0))
            .add(Torch.scalar(mixture.router().scale() / mixture.topK()));
    return new Decision(weights_TK, choice, logits_TE, scores(logits_TE));
  }

  /** True for every expert that another sibling beats; of equals the first is best. */
  private static Tensor nonBest(Tensor own_TE, LineageIndex index) {
    long lineages = index.members_GR().size(0);
    long siblings = index.members_GR().size(1);
    Tensor best_TG =
        own_TE
            .index_select(1, index.members_GR().reshape(-1))
            .view(-1, lineages, siblings)
            .argmax(new LongOptional(2), false);
    Tensor members_TGR = index.members_GR().unsqueeze(0).expand(best_TG.size(0), -1, -1);
    Tensor winner_TG = members_TGR.gather(2, best_TG.unsqueeze(-1)).squeeze(-1);
    return torch.ones_like(own_TE).to(ScalarType.Bool).scatter_(1, winner_TG, Torch.scalar(0));
  }

  /** Scores with minus infinity for every expert outside the groups that a token chooses. */
  private Tensor withinGroups(Tensor choice_TE) {
    Groups groups = mixture.router().groups();
    if (groups.count() == 1) {
      return choice_TE;
    }
    Tensor grouped_TGM = choice_TE.unflatten(1, groups.count(), -1);
    Tensor score_TG =
        switch (groups.score()) {
          case BEST -> grouped_TGM.amax(new long[] {-1}, false);
          case BEST_TWO -> torch.topk(grouped_TGM, 2).get0().sum(-1);
        };
    Tensor chosen_TC = torch.topk(score_TG, groups.chosen()).get1();
    Tensor out_TG =
        torch.ones_like(score_TG).to(ScalarType.Bool).scatter_(1, chosen_TC, Torch.scalar(0));
    return grouped_TGM
        .masked_fill(out_TG.unsqueeze(-1), Torch.scalar(Double.NEGATIVE_INFINITY))
        .flatten(1, 2);
  }

  private Decision decide(Tensor logits_TE, Tensor scores_TE, Tensor choice_TE) {
    Tensor chosen_TK = torch.topk(withinGroups(choice_TE), mixture.topK()).get1();
    Tensor weights_TK = scores_TE.gather(1, chosen_TK);
    if (mixture.router().normalised()) {
      weights_TK =
          weights_TK.div(
              weights_TK
                  .sum(new long[] {1}, true, new ScalarTypeOptional())
                  .add(Torch.scalar(SUM_EPSILON)));
    }
    if (mixture.router().scale() != 1) {
      weights_TK = weights_TK.mul(Torch.scalar(mixture.router().scale()));
    }
    return new Decision(weights_TK, narrow(Torch.longs(chosen_TK)), logits_TE, scores_TE);
  }

  private static int[] narrow(long[] values) {
    int[] narrow = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      narrow[i] = (int) values[i];
    }
    return narrow;
  }
}
