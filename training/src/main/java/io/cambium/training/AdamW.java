package io.cambium.training;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.Decoder;
import io.cambium.model.FusedAdamW;
import io.cambium.model.Parameter;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.Team;
import io.cambium.training.config.GroupConfig;
import io.cambium.training.config.GroupsConfig;
import io.cambium.training.config.OptimizerConfig;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW over all parameters of a decoder: adds up the gradients of workers and ranks in a fixed
 * order, clips their common norm and updates, each worker its share of the parameters and every
 * rank all that it holds. Norms and biases are not decayed, and each group has its own factors on
 * learning rate and decay.
 */
public final class AdamW {

  /**
   * Constants of a run.
   *
   * @param clipNorm largest norm of all gradients together; larger ones are scaled down to it
   */
  public record Settings(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double clipNorm,
      GroupsConfig groups) {

    static Settings of(OptimizerConfig config, GroupsConfig groups) {
      return new Settings(
          config.betas().get(0),
          config.betas().get(1),
          config.epsilon(),
          config.weightDecay(),
          config.clipNorm(),
          groups);
    }

    private GroupConfig factors(Part part) {
      GroupConfig group = groups.of(part);
      return part.isNormOrBias() ? new GroupConfig(group.rate(), 0) : group;
    }
  }

  /** First and second moment of one parameter, fp32. */
  public record Moments(Tensor first, Tensor second) {}

  private final Settings settings;
  private final Decoder decoder;
  private final List<Parameter> parameters;
  private final Map<ModelTensor, Moments> moments = new LinkedHashMap<>();
  private final List<List<Integer>> shares;
  private final double[] squaredNorms;
  private double norm;

  public AdamW(Decoder decoder, Settings settings) {
    this.settings = settings;
    this.decoder = decoder;
    this.parameters = decoder.parameters();
    this.squaredNorms = new double[parameters.size()];
    for (Parameter parameter : parameters) {
      moments.put(
          parameter.tensor(),
          new Moments(torch.zeros_like(parameter.value()), torch.zeros_like(parameter.value())));
    }
    this.shares = shares(parameters, decoder.team().size());
  }

  /** Largest first, each to the worker that has least: the same split every time. */
  private static List<List<Integer>> shares(List<Parameter> parameters, int workers) {
    List<List<Integer>> shares = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      shares.add(new ArrayList<>());
    }
    long[] sizes = new long[workers];
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      order.add(i);
    }
    order.sort(
        Comparator.comparingLong((Integer i) -> parameters.get(i).value().numel()).reversed());
    for (int index : order) {
      int least = 0;
      for (int w = 1; w < workers; w++) {
        least = sizes[w] < sizes[least] ? w : least;
      }
      shares.get(least).add(index);
      sizes[least] += parameters.get(index).value().numel();
    }
    return shares;
  }

  /** The moments of each parameter, in model order. */
  public Map<ModelTensor, Moments> moments() {
    return moments;
  }

  /**
   * Adds up the gradients of all workers of all ranks and measures them. All members must call it,
   * after their backward passes.
   *
   * @return norm of all gradients together, the same for every member
   */
  public double reduce(Team.Member member) {
    List<Integer> share = shares.get(member.index());
    share.forEach(this::addUp);
    if (decoder.ranks().all().size() > 1) {
      member.await(this::addUpRanks);
    }
    for (int index : share) {
      double length = gradient(parameters.get(index)).norm().item_double();
      squaredNorms[index] = length * length;
    }
    // Rank 0's for all: processors of another kind would round theirs otherwise.
    member.await(() -> norm = decoder.ranks().all().ofFirst(Math.sqrt(squaredNorm())));
    return norm;
  }

  /** Of an expert only the ranks that hold it have a gradient. */
  private void addUpRanks() {
    RankGroups ranks = decoder.ranks();
    Map<ProcessGroup, List<Tensor>> gradients = new LinkedHashMap<>();
    for (Parameter parameter : parameters) {
      ProcessGroup holders = isExpert(parameter) ? ranks.replicas() : ranks.all();
      gradients.computeIfAbsent(holders, _ -> new ArrayList<>()).add(gradient(parameter));
    }
    gradients.forEach(ProcessGroup::sum);
  }

  /** Over all parameters of the model: each rank adds its experts, and one of them the rest. */
  private double squaredNorm() {
    ProcessGroup experts = decoder.ranks().experts();
    double mine =
        IntStream.range(0, squaredNorms.length)
            .filter(i -> experts.isFirst() || isExpert(parameters.get(i)))
            .mapToDouble(i -> squaredNorms[i])
            .sum();
    return experts.sum(mine)[0];
  }

  private static boolean isExpert(Parameter parameter) {
    return parameter.tensor().part().isExpert();
  }

  private void addUp(int index) {
    List<Tensor> gradients = parameters.get(index).gradients().get();
    for (Tensor other : gradients.subList(1, gradients.size())) {
      gradients.getFirst().add_(other);
    }
  }

  /** Where the sum lies. */
  private static Tensor gradient(Parameter parameter) {
    return parameter.gradients().get().getFirst();
  }

  /**
   * Updates this member's share of the parameters and forgets the gradients. All members must call
   * it, after {@link #reduce}.
   *
   * @param step number of this update, from 1
   */
  public void update(Team.Member member, long step, double learningRate) {
    Map<GroupConfig, List<FusedAdamW.Slot>> slots = new LinkedHashMap<>();
    for (int index : shares.get(member.index())) {
      Parameter parameter = parameters.get(index);
      slots
          .computeIfAbsent(settings.factors(parameter.tensor().part()), f -> new ArrayList<>())
          .add(slot(parameter));
    }
    slots.forEach(
        (factors, alike) -> FusedAdamW.step(alike, step, constants(learningRate, factors)));
    member.await();
  }

  private FusedAdamW.Settings constants(double learningRate, GroupConfig factors) {
    return new FusedAdamW.Settings(
        learningRate * factors.rate(),
        settings.beta1(),
        settings.beta2(),
        settings.weightDecay() * factors.decay(),
        settings.epsilon(),
        Math.max(1, norm / settings.clipNorm()));
  }

  private FusedAdamW.Slot slot(Parameter parameter) {
    Moments moment = Objects.requireNonNull(moments.get(parameter.tensor()));
    return new FusedAdamW.Slot(
        parameter.value(), gradient(parameter), moment.first(), moment.second());
  }
}
