package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.model.Decoder;
import io.cambium.model.Parameter;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RouterLosses;
import io.cambium.model.RoutingListener;
import io.cambium.model.SelectionRule;
import io.cambium.model.Team;
import io.cambium.model.Weights;
import io.cambium.training.config.BatchConfig;
import io.cambium.training.data.Corpus;
import io.cambium.upcycle.utility.ExpertScores;
import io.cambium.upcycle.utility.Score;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** Scores routed experts by what some batches of text make of them ({@link Score}). */
public final class UtilityScorer {

  /** What {@link Score#FISHER} adds to a second moment. */
  private static final double FISHER_EPSILON = 1e-8;

  private UtilityScorer() {}

  /**
   * Scores, and the batches they come from.
   *
   * @param loss mean cross entropy over these, in nats per token
   */
  public record Result(ExpertScores scores, double loss, long tokens) {}

  /** The scores that a checkpoint has what is needed for: Fisher's takes an optimizer's moments. */
  public static Set<Score> available(Path checkpoint) {
    return SecondMoments.areIn(checkpoint)
        ? EnumSet.allOf(Score.class)
        : EnumSet.complementOf(EnumSet.of(Score.FISHER));
  }

  /**
   * Scores a checkpoint on the training split of a corpus.
   *
   * @param calibration all sequences of all batches as one, and how many a worker takes at a time
   * @param seed of the order of the data
   * @throws UsageException if the model has no routed experts
   * @throws CheckpointException if model or corpus are broken, or lack what a score needs
   */
  public static Result score(
      Path checkpoint,
      Path data,
      Set<Score> scores,
      BatchConfig calibration,
      long seed,
      Progress progress) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(checkpoint);
        Corpus corpus = Corpus.open(data);
        Team team = Team.ofAllCores()) {
      requireFit(directory, corpus, calibration);
      directory.verifyChecksums();
      BatchSampler sampler = new BatchSampler(corpus, calibration.length(), seed, Map.of());
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F32), team);
      decoder.select(SelectionRule.of(directory.manifest()));
      TrainingStep step = new TrainingStep(sampler, calibration);
      String routers = ExpertScores.routersOf(directory);
      if (!scores.contains(Score.FISHER)) {
        return score(decoder, step, 0, scores, null, routers, progress);
      }
      try (OptimizerFiles moments = moments(checkpoint)) {
        return score(decoder, step, 0, scores, SecondMoments.of(moments), routers, progress);
      }
    }
  }

  private static void requireFit(
      CheckpointDirectory directory, Corpus corpus, BatchConfig calibration) {
    if (directory.decoder().mixtureLayers().isEmpty()) {
      throw new UsageException(
          directory.path(), "has no layer that routes to experts, so there is none to score", null);
    }
    corpus.tokenizer().requireFits(directory.decoder().vocabSize(), directory.path());
    calibration.requireFits(
        directory.config().countOr("max_position_embeddings", Integer.MAX_VALUE));
  }

  private static OptimizerFiles moments(Path checkpoint) {
    if (!SecondMoments.areIn(checkpoint)) {
      throw new CheckpointException(
          checkpoint.resolve(OptimizerFiles.name(0, 1)),
          "is missing, and " + Score.FISHER + " needs the optimizer's second moments",
          "score a checkpoint of a training run, or leave that score out");
    }
    return OptimizerFiles.open(checkpoint);
  }

  /**
   * Scores a decoder under its present selection rule. Losses on routers do not count, and are gone
   * afterwards.
   *
   * @param firstSequence position in the data
   * @param moments null unless {@link Score#FISHER} is asked for
   * @param routers what {@link ExpertScores#routersOf} says of the model
   */
  static Result score(
      Decoder decoder,
      TrainingStep step,
      long firstSequence,
      Set<Score> scores,
      @Nullable SecondMoments moments,
      String routers,
      Progress progress) {
    RoutedOutputs outputs = new RoutedOutputs(decoder.spec(), decoder.team().size());
    decoder.lose(RouterLosses.NONE);
    decoder.listen(outputs);
    double loss = step.gradients(decoder, firstSequence, progress);
    decoder.listen(RoutingListener.NONE);
    outputs.gather(decoder.ranks().all());
    SortedMap<Integer, List<Sums>> sums = sums(decoder, moments);
    Map<Score, SortedMap<Integer, List<Double>>> byScore = new EnumMap<>(Score.class);
    for (Score score : scores) {
      byScore.put(score, values(score, decoder.spec(), sums, outputs));
    }
    return new Result(new ExpertScores(byScore, routers), loss, step.tokens());
  }

  private static SortedMap<Integer, List<Double>> values(
      Score score, DecoderSpec spec, SortedMap<Integer, List<Sums>> sums, RoutedOutputs outputs) {
    return switch (score) {
      case GRAD_SQUARED -> each(sums, Sums::gradient);
      case SALIENCY -> each(sums, s -> Math.sqrt(s.weight()) * Math.sqrt(s.gradient()));
      case WEIGHT_NORM -> each(sums, Sums::weight);
      case FISHER -> each(sums, Sums::fisher);
      case ROUTED_SHARE -> layers(spec, outputs::shares);
      case GATED_OUTPUT -> layers(spec, outputs::meanNorms);
    };
  }

  private static SortedMap<Integer, List<Double>> each(
      SortedMap<Integer, List<Sums>> sums, ToDoubleFunction<Sums> value) {
    SortedMap<Integer, List<Double>> values = new TreeMap<>();
    sums.forEach((layer, experts) ->
        values.put(layer, experts.stream().mapToDouble(value).boxed().toList()));
    return values;
  }

  private static SortedMap<Integer, List<Double>> layers(
      DecoderSpec spec, Function<Integer, List<Double>> values) {
    SortedMap<Integer, List<Double>> layers = new TreeMap<>();
    spec.mixtureLayers().forEach(layer -> layers.put(layer, values.apply(layer)));
    return layers;
  }

  /**
   * Sums over all elements of one tensor, or of one expert.
   *
   * @param weight of squared weights
   * @param gradient of squared gradients
   * @param fisher of squared gradients over second moments; 0 without any
   * @param moment of second moments
   */
  private record Sums(double weight, double gradient, double fisher, double moment) {

    static final Sums NONE = new Sums(0, 0, 0, 0);

    Sums plus(Sums other) {
      return new Sums(
          weight + other.weight,
          gradient + other.gradient,
          fisher + other.fisher,
          moment + other.moment);
    }

    static Sums of(Parameter parameter, @Nullable SecondMoments moments) {
      try (PointerScope scope = new PointerScope()) {
        Tensor squared = parameter.gradients().get().getFirst().to(ScalarType.Double).square();
        double weight = parameter.value().to(ScalarType.Double).square().sum().item_double();
        double gradient = squared.sum().item_double();
        if (moments == null) {
          return new Sums(weight, gradient, 0, 0);
        }
        Tensor moment = moments.of(parameter).to(ScalarType.Double);
        Tensor fisher = squared.div(moment.add(new Scalar(FISHER_EPSILON)));
        return new Sums(weight, gradient, fisher.sum().item_double(), moment.sum().item_double());
      }
    }
  }

  /** By routing layer, one for each expert of the model; each tensor is one worker's. */
  private static SortedMap<Integer, List<Sums>> sums(
      Decoder decoder, @Nullable SecondMoments moments) {
    List<Parameter> parameters =
        decoder.parameters().stream().filter(p -> p.tensor().part().isExpert()).toList();
    decoder
        .ranks()
        .replicas()
        .sum(parameters.stream().map(p -> p.gradients().get().getFirst()).toList());
    Sums[] ofTensors = new Sums[parameters.size()];
    decoder
        .team()
        .run(member -> {
          for (int i = member.index(); i < ofTensors.length; i += member.teamSize()) {
            ofTensors[i] = Sums.of(parameters.get(i), moments);
          }
        });
    SortedMap<Integer, List<Sums>> byLayer = new TreeMap<>();
    for (int layer : decoder.spec().mixtureLayers()) {
      Sums[] experts = new Sums[decoder.spec().mixture(layer).experts()];
      Arrays.fill(experts, Sums.NONE);
      for (int i = 0; i < ofTensors.length; i++) {
        ModelTensor tensor = parameters.get(i).tensor();
        if (tensor.layer() == layer) {
          experts[tensor.expert()] = experts[tensor.expert()].plus(ofTensors[i]);
        }
      }
      byLayer.put(layer, gather(experts, decoder.ranks().experts()));
    }
    Sums all = byLayer.values().stream().flatMap(List::stream).reduce(Sums.NONE, Sums::plus);
    if (moments != null && all.moment() == 0) {
      throw new CheckpointException(
          "score " + Score.FISHER,
          "has only second moments of zero to go by",
          "train some steps first, or take another score");
    }
    return byLayer;
  }

  /** Of each expert one of the ranks has sums, and the others nothing. */
  private static List<Sums> gather(Sums[] experts, ProcessGroup ranks) {
    double[] numbers =
        ranks.sum(
            Arrays.stream(experts)
                .flatMapToDouble(
                    s -> DoubleStream.of(s.weight(), s.gradient(), s.fisher(), s.moment()))
                .toArray());
    return IntStream.range(0, experts.length)
        .mapToObj(e ->
            new Sums(numbers[4 * e], numbers[4 * e + 1], numbers[4 * e + 2], numbers[4 * e + 3]))
        .toList();
  }
}
