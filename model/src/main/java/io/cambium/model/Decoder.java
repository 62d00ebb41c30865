package io.cambium.model;

import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A decoder composed from a family's description, over weights that a team of workers shares. Every
 * method that takes a {@link Team.Member} must be called by all members of the team, since their
 * tokens meet at the experts.
 *
 * <p>B batch, S sequence, T = B*S tokens, D hidden, E experts, V vocabulary.
 */
public final class Decoder {

  private final DecoderSpec spec;
  private final Weights weights;
  private final Team team;
  private final RankGroups ranks;
  private final @Nullable ExpertPlacement placement;
  private final Predicate<ModelTensor> trained;
  private final List<Parameters> parameters = new ArrayList<>();
  private final List<Attention> attentions = new ArrayList<>();
  private final Map<Integer, MixtureLayer> mixtures = new TreeMap<>();
  private final Head head;
  private final Map<Frequencies, Rotary> rotaries = new HashMap<>();
  private SelectionRule rule = SelectionRule.PLAIN;
  private RouterLosses routerLosses = RouterLosses.NONE;
  private RoutingListener listener = RoutingListener.NONE;
  private OptionalLong endOfDocument = OptionalLong.empty();
  private boolean recomputes;
  private SortedMap<Integer, long[]> batchLoads = new TreeMap<>();

  /** What decides a rope's frequencies. */
  private record Frequencies(Rope rope, boolean inLong) {}

  private Decoder(
      Weights weights,
      Team team,
      Predicate<ModelTensor> trained,
      RankGroups ranks,
      @Nullable ExpertPlacement placement) {
    this.spec = weights.spec();
    this.weights = weights;
    this.team = team;
    this.trained = trained;
    this.ranks = ranks;
    this.placement = placement;
    this.head = new Head(spec);
    for (int worker = 0; worker < team.size(); worker++) {
      parameters.add(Parameters.leaves(weights, trained));
    }
    ExpertExchange.Scratch scratch =
        ExpertExchange.Scratch.of(weights.compute(), spec.hiddenSize());
    for (int layer = 0; layer < spec.layers().size(); layer++) {
      attentions.add(Attention.of(spec, layer));
      if (spec.layers().get(layer).feedForward() instanceof Mixture mixture) {
        mixtures.put(
            layer,
            new MixtureLayer(
                layer,
                mixture,
                weights,
                team.size(),
                scratch,
                trained,
                placement == null
                    ? null
                    : new ExpertDispatch(
                        ranks.experts(), placement.of(layer), scratch.arrivals())));
      }
    }
  }

  /** A decoder that only computes. */
  public static Decoder forInference(Weights weights, Team team) {
    return new Decoder(weights, team, tensor -> false, RankGroups.ALONE, null);
  }

  /** A decoder that can also be trained: gradients have a place. */
  public static Decoder forTraining(Weights weights, Team team) {
    return forTraining(weights, team, tensor -> true);
  }

  /**
   * The same where only some tensors are trained: the others get no gradients, and no work is spent
   * on them. Of a layer's experts either all are, or none.
   */
  public static Decoder forTraining(Weights weights, Team team, Predicate<ModelTensor> trained) {
    return forTraining(weights, team, trained, RankGroups.ALONE, null);
  }

  /**
   * The same as one rank's part: its training passes are parts of a common one, and the loads in
   * the losses on routers are those of all ranks.
   *
   * @param placement of the experts, where the ranks share them, and these weights hold the tensors
   *     of this rank; null where they hold all
   */
  public static Decoder forTraining(
      Weights weights,
      Team team,
      Predicate<ModelTensor> trained,
      RankGroups ranks,
      @Nullable ExpertPlacement placement) {
    Torch.keepFreedMemory(); // an earlier decoder of the process may have asked for the opposite
    return new Decoder(
        weights,
        team,
        tensor -> tensor.part() != Part.SELECTION_BIAS && trained.test(tensor),
        ranks,
        placement);
  }

  public DecoderSpec spec() {
    return spec;
  }

  public Weights weights() {
    return weights;
  }

  public Team team() {
    return team;
  }

  /** Routed experts of each routing layer; 0 for a dense model. */
  public int experts() {
    return mixtures.values().stream().mapToInt(l -> l.mixture().experts()).findFirst().orElse(0);
  }

  /** The processes that train this decoder's weights. */
  public RankGroups ranks() {
    return ranks;
  }

  /** Which of the ranks that share the experts holds an expert: itself, if none shares them. */
  public int holder(int layer, int expert) {
    return placement == null ? ranks.experts().rank() : placement.owner(layer, expert);
  }

  /**
   * How experts are chosen from now on. Not while a pass runs.
   *
   * @throws UsageException if there are losses on routers that would choose nothing
   */
  public void select(SelectionRule newRule) {
    requireRouters(newRule, routerLosses);
    rule = newRule;
  }

  /** Losses on logits that choose nothing would still reach the hidden states. */
  private static void requireRouters(SelectionRule rule, RouterLosses losses) {
    if (rule instanceof SelectionRule.Hash && (losses.auxiliary() != 0 || losses.z() != 0)) {
      throw new UsageException(
          "a loss on the routers",
          "has nothing to act on: this model's experts are chosen by token id",
          "give balance.aux_loss: 0 and balance.z_loss: 0");
    }
  }

  /**
   * The losses on the routers from now on. Not while a pass runs.
   *
   * @throws UsageException if layers with different experts are to be pooled, or if routers choose
   *     nothing
   */
  public void lose(RouterLosses losses) {
    long kinds = mixtures.values().stream().map(m -> experts(m.mixture())).distinct().count();
    if (losses.auxiliary() != 0 && losses.form() == RouterLosses.Form.POOLED && kinds > 1) {
      throw new UsageException(
          "the pooled load-balancing loss",
          "averages over the layers, but they differ in experts or in experts per token",
          "take the form per_layer");
    }
    requireRouters(rule, losses);
    routerLosses = losses;
  }

  /**
   * From now on no token of a whole sequence sees those of another document. Not while a pass runs.
   *
   * @param endToken the last token of each document
   */
  public void separateDocuments(long endToken) {
    endOfDocument = OptionalLong.of(endToken);
  }

  /**
   * From now on what attention and dense feed-forward layers hold for their gradients is dropped,
   * and computed again on the way back: less memory, more time, the same gradients bit by bit. What
   * is dropped goes back to the system, in all of the process. Not while a pass runs.
   */
  public void recompute() {
    recomputes = true;
    Torch.returnFreedMemory();
  }

  boolean recomputes() {
    return recomputes;
  }

  /** How many documents end before each token, [B, S]; null where they are not kept apart. */
  @Nullable Tensor documents(Tensor ids_BS) {
    if (endOfDocument.isEmpty()) {
      return null;
    }
    Tensor ends_BS = ids_BS.eq(Torch.scalar(endOfDocument.getAsLong())).to(ScalarType.Long);
    return ends_BS.cumsum(1).sub_(ends_BS);
  }

  /** Who watches the routers from now on. Not while a pass runs. */
  public void listen(RoutingListener newListener) {
    listener = newListener;
  }

  /**
   * Logits of this worker's sequences, [T, V], without gradients.
   *
   * @param ids_BS int64; B may be 0 for a worker without work
   */
  public Tensor logits(Team.Member member, Tensor ids_BS) {
    try (AutoGradMode off = new AutoGradMode(false)) {
      Pass pass = new Pass(this, member, false, null);
      Tensor hidden_TD = pass.forward(ids_BS, Math.max(1, ids_BS.numel()));
      return Scopes.keepResult(() -> head.logits(hidden_TD, pass.parameters()));
    }
  }

  /**
   * Whether rotated keys of the first tokens are also those of a sequence of this length. Where a
   * rope has other frequencies for long sequences they are not, and all tokens must be run again.
   */
  boolean keysLast(long tokens, long length) {
    return tokens == 0
        || spec.layers().stream()
            .allMatch(layer -> equallyLong(layer.attention().rope(), tokens, length));
  }

  private static boolean equallyLong(@Nullable Rope rope, long length, long other) {
    return rope == null || rope.scaling().isLong(length) == rope.scaling().isLong(other);
  }

  /**
   * Logits after the last of one sequence's further tokens, fp32, which the cache then holds too.
   *
   * @throws IllegalArgumentException if the cache's keys are not those of the longer sequence
   */
  float[] next(Team.Member member, Tensor ids_1S, KeyValueCache cache) {
    if (!keysLast(cache.length(), cache.length() + ids_1S.numel())) {
      throw new IllegalArgumentException("the rope changes after " + cache.length() + " tokens");
    }
    try (AutoGradMode off = new AutoGradMode(false)) {
      Pass pass = new Pass(this, member, false, cache);
      Tensor hidden_SD = pass.forward(ids_1S, ids_1S.numel());
      Tensor last_1D = hidden_SD.narrow(0, ids_1S.numel() - 1, 1);
      return Torch.floats(head.logits(last_1D, pass.parameters()).to(ScalarType.Float));
    }
  }

  /**
   * Sum over this worker's tokens of the cross entropy in nats, without gradients.
   *
   * @param targets_BS int64, the token that follows each
   */
  public double loss(Team.Member member, Tensor ids_BS, Tensor targets_BS) {
    try (AutoGradMode off = new AutoGradMode(false)) {
      Pass pass = new Pass(this, member, false, null);
      Tensor hidden_TD = pass.forward(ids_BS, Math.max(1, ids_BS.numel()));
      return ids_BS.numel() == 0
          ? 0
          : head.loss(hidden_TD, targets_BS.reshape(-1), pass.parameters());
    }
  }

  /**
   * Log probabilities of this worker's targets in nats, [T], without gradients.
   *
   * @param ids_BS int64; B may be 0 for a worker without work
   * @param targets_BS int64, the token that follows each
   */
  public double[] logProbabilities(Team.Member member, Tensor ids_BS, Tensor targets_BS) {
    try (AutoGradMode off = new AutoGradMode(false)) {
      Pass pass = new Pass(this, member, false, null);
      Tensor hidden_TD = pass.forward(ids_BS, Math.max(1, ids_BS.numel()));
      return ids_BS.numel() == 0
          ? new double[0]
          : head.logProbabilities(hidden_TD, targets_BS.reshape(-1), pass.parameters());
    }
  }

  /**
   * Forward and backward over this worker's sequences. The loss is the mean cross entropy over the
   * batch's tokens plus the router losses; gradients lie in {@link #parameters()} afterwards.
   *
   * @param batchTokens tokens of the whole batch, over all workers and micro batches
   * @param accumulate whether gradients add to those of an earlier micro batch
   * @return this worker's part of the two losses
   */
  public Losses backward(
      Team.Member member, Tensor ids_BS, Tensor targets_BS, long batchTokens, boolean accumulate) {
    if (!accumulate) {
      parameters(member.index()).clearGradients();
    }
    Pass pass = new Pass(this, member, true, null);
    Tensor hidden_TD = pass.forward(ids_BS, batchTokens);
    if (losesByLoad()) {
      member.await(() -> batchLoads = ranks.all().sum(loads()));
    }
    double crossEntropy =
        ids_BS.numel() == 0
            ? 0
            : Scopes.freeAll(() ->
                head.backward(hidden_TD, targets_BS.reshape(-1), batchTokens, pass.parameters())
                    / batchTokens);
    double router = pass.routerLoss();
    pass.backward(accumulate);
    return new Losses(crossEntropy, router);
  }

  /**
   * Parts of a loss.
   *
   * @param crossEntropy nats per token of the batch
   * @param router the losses on the routers, coefficients included
   */
  public record Losses(double crossEntropy, double router) {}

  /** Every trained tensor that this process holds, and where its gradients lie, in model order. */
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    weights
        .all()
        .forEach((tensor, value) -> {
          if (trained.test(tensor)) {
            all.add(new Parameter(tensor, value, () -> gradients(tensor, value)));
          }
        });
    return all;
  }

  private List<Tensor> gradients(ModelTensor tensor, Tensor value) {
    return tensor.part().isExpert()
        ? List.of(mixture(tensor.layer()).gradient(tensor.part(), tensor.expert()))
        : parameters.stream().map(worker -> worker.handle(value).mutable_grad()).toList();
  }

  /** The selection bias of each routing layer, [E] fp32, by layer. */
  public Map<Integer, Tensor> selectionBiases() {
    Map<Integer, Tensor> biases = new TreeMap<>();
    mixtures.forEach((i, layer) -> {
      if (layer.mixture().router().selectionBias()) {
        biases.put(i, weights.get(Part.SELECTION_BIAS, i));
      }
    });
    return biases;
  }

  /** Assignments per expert of the last pass over all workers of this rank, by routing layer. */
  public SortedMap<Integer, long[]> loads() {
    SortedMap<Integer, long[]> loads = new TreeMap<>();
    mixtures.forEach((index, layer) -> loads.put(index, layer.exchange().load_E()));
    return loads;
  }

  /** Whether a loss asks for the loads of all that is computed at a time. */
  private boolean losesByLoad() {
    return routerLosses.auxiliary() != 0 && routerLosses.form() != RouterLosses.Form.SEQUENCE;
  }

  private static List<Integer> experts(Mixture mixture) {
    return List.of(mixture.experts(), mixture.topK());
  }

  /**
   * What the layer's mean probabilities are multiplied by in the load-balancing loss, {@code E * f}
   * with f as the form has it, of the last pass's assignments over all ranks: [E].
   */
  Tensor loadFactors(MixtureLayer layer) {
    return switch (routerLosses.form()) {
      case PER_LAYER -> loadFactors(Objects.requireNonNull(batchLoads.get(layer.layer())), 1);
      case POOLED -> loadFactors(totalLoad(), layer.mixture().topK());
      case SEQUENCE -> throw new IllegalStateException("each sequence has a load of its own");
    };
  }

  private static Tensor loadFactors(long[] load_E, int sum) {
    long total = Arrays.stream(load_E).sum();
    float[] factors_E = new float[load_E.length];
    for (int e = 0; e < load_E.length; e++) {
      factors_E[e] = (float) ((double) load_E[e] * load_E.length * sum / total);
    }
    return Torch.tensor(factors_E, load_E.length);
  }

  /** The last pass's assignments over all layers. */
  private long[] totalLoad() {
    long[] total_E = new long[experts()];
    for (long[] load_E : batchLoads.values()) {
      Arrays.setAll(total_E, e -> total_E[e] + load_E[e]);
    }
    return total_E;
  }

  Parameters parameters(int worker) {
    return parameters.get(worker);
  }

  Attention attention(int layer) {
    return attentions.get(layer);
  }

  MixtureLayer mixture(int layer) {
    return Objects.requireNonNull(mixtures.get(layer));
  }

  SelectionRule rule() {
    return rule;
  }

  RouterLosses routerLosses() {
    return routerLosses;
  }

  RoutingListener listener() {
    return listener;
  }

  /**
   * Angles of a layer for sequences of this length; null if it knows no positions. One table serves
   * all with the same frequencies, and doubles when it is too short.
   */
  synchronized @Nullable Rotary rotary(int layer, long length) {
    Rope rope = spec.layers().get(layer).attention().rope();
    if (rope == null) {
      return null;
    }
    Frequencies frequencies = new Frequencies(rope, rope.scaling().isLong(length));
    Rotary rotary = rotaries.get(frequencies);
    if (rotary == null || rotary.length() < length) {
      long enough = rotary == null ? length : Math.max(length, 2 * rotary.length());
      ScalarType type = weights.compute();
      rotary = Rotary.of(rope, frequencies.inLong(), Math.toIntExact(enough), type);
      rotaries.put(frequencies, rotary);
    }
    return rotary;
  }
}
