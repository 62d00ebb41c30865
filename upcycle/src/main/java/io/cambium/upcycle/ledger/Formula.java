package io.cambium.upcycle.ledger;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.stream.Stream;

/**
 * How one tensor of the result follows from tensors of the sources. Evaluated in fp32 or finer and
 * rounded once to the tensor's own type. Where neurons are counted, the axis is 0 in gate and up
 * projections [F, D] and 1 in the down projection [D, F]. Whatever is drawn depends on its seed and
 * key alone, not on the order of work.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "formula")
public sealed interface Formula {

  /** Everything it reads. */
  default List<SourceTensor> sources() {
    return switch (this) {
      case Copy(var source) -> List.of(source);
      case DirectedRows(var source, var directions, _, _) -> List.of(source, directions);
      case ReplicaBias(var source, _, _, _, _, _) -> List.of(source);
      case GatherRows(var of, _) -> of.sources();
      case ScaledRows(var of, _, _) -> of.sources();
      case Slice(var of, _, _, _) -> of.sources();
      case Scaled(var of, _) -> of.sources();
      case Shifted(var of, _) -> of.sources();
      case Redrawn(var of, _, _, _) -> of.sources();
      case Cleared(var of, _, _) -> of.sources();
      case Noisy(var of, _, _, _) -> of.sources();
      case Permuted(var of, _, _) -> of.sources();
      case Masked(var of, _, _, _) -> of.sources();
      case Spectral(var of, _, _, _) -> of.sources();
      case SparselyNoisy(var of, _, _, _) -> of.sources();
      case TurnedNeurons(var of, _, _, _, _) -> of.sources();
      case ScaledNeurons(var of, _, _, _, _) -> of.sources();
      case Interpolated(var of, var other, _) -> sources(List.of(of, other)).toList();
      case MixedSpectrum(var of, var other, _) -> sources(List.of(of, other)).toList();
      case Stepped(var of, var direction, _) ->
          Stream.concat(of.sources().stream(), Stream.of(direction)).toList();
      case NoisyRows(var of, _, _, _, _) -> of.sources();
      case TurnedRows(var of, _, _, _, _) -> of.sources();
      case MixedRows(var of, _, _, _) -> of.sources();
      case Mean(var of) -> sources(of).toList();
      case Zeros(), Normal(_, _, _, _) -> List.of();
    };
  }

  /** Whether its bytes are those of its source, rearranged: nothing is computed or rounded. */
  default boolean isCopied() {
    return switch (this) {
      case Copy _, Zeros _ -> true;
      case GatherRows(Copy _, _) -> true;
      case Slice(Copy _, int axis, _, _) -> axis == 0;
      default -> false;
    };
  }

  /** Whether each element follows from the same element of every source, without the others. */
  default boolean isElementwise() {
    return switch (this) {
      case Copy(var source) -> source.isContiguous();
      case Normal _ -> true;
      case Scaled(var of, _) -> of.isElementwise();
      case Shifted(var of, _) -> of.isElementwise();
      case Interpolated(var of, var other, _) -> of.isElementwise() && other.isElementwise();
      case Mean(var of) -> of.stream().allMatch(Formula::isElementwise);
      // Its deviation is that of the whole, which is known beforehand.
      case Noisy(var of, _, _, _) -> of instanceof Copy && of.isElementwise();
      case SparselyNoisy(var of, _, _, _) -> of instanceof Copy && of.isElementwise();
      default -> false;
    };
  }

  /** The same without what makes copies of a block, or replicas of an expert, differ. */
  default Formula unperturbed() {
    return switch (this) {
      case Redrawn(var of, _, _, _) -> of.unperturbed();
      case Noisy(var of, _, _, _) -> of.unperturbed();
      case Permuted(var of, _, _) -> of.unperturbed();
      case Masked(var of, _, _, _) -> of.unperturbed();
      case Spectral(var of, _, _, _) -> of.unperturbed();
      case SparselyNoisy(var of, _, _, _) -> of.unperturbed();
      case TurnedNeurons(var of, _, _, _, _) -> of.unperturbed();
      case ScaledNeurons(var of, _, _, _, _) -> of.unperturbed();
      case Interpolated(var of, _, _) -> of.unperturbed();
      case MixedSpectrum(var of, _, _) -> of.unperturbed();
      case Stepped(var of, _, _) -> of.unperturbed();
      case Slice(var of, int axis, long from, long count) ->
          new Slice(of.unperturbed(), axis, from, count);
      case Scaled(var of, double factor) -> new Scaled(of.unperturbed(), factor);
      default -> this;
    };
  }

  /** The matrices whose singular vectors it takes. */
  default List<Formula> decomposed() {
    return switch (this) {
      case Spectral(var of, _, _, _) -> List.of(of);
      case MixedSpectrum(var of, var other, _) -> List.of(of, other);
      case Slice(var of, _, _, _) -> of.decomposed();
      case Scaled(var of, _) -> of.decomposed();
      default -> List.of();
    };
  }

  /** The source, byte for byte. */
  record Copy(SourceTensor source) implements Formula {}

  /** Zeros. */
  record Zeros() implements Formula {}

  /** Draws from a normal distribution around zero. */
  record Normal(List<Long> shape, double deviation, long seed, String key) implements Formula {}

  /** Row n is row {@code rows[n]} of another tensor. */
  record GatherRows(Formula of, List<Integer> rows) implements Formula {}

  /** Row n is {@code factors[n]} times row {@code rows[n]} of another tensor. */
  record ScaledRows(Formula of, List<Integer> rows, List<Double> factors) implements Formula {}

  /** Some neighbours along an axis. */
  record Slice(Formula of, int axis, long from, long count) implements Formula {}

  /** Times a factor. */
  record Scaled(Formula of, double factor) implements Formula {}

  /** The mean of several. */
  record Mean(List<Formula> of) implements Formula {
    public Mean {
      of = List.copyOf(of);
    }
  }

  /** Plus an amount. */
  record Shifted(Formula of, double amount) implements Formula {}

  /**
   * With some neurons' entries drawn anew from the normal distribution of the entries they replace.
   */
  record Redrawn(Formula of, Neurons neurons, int axis, String key) implements Formula {}

  /** With zeros for some neurons: moments whose weights were drawn anew. */
  record Cleared(Formula of, Neurons neurons, int axis) implements Formula {}

  /** Plus noise, normal around zero; its deviation is a share of that of all entries. */
  record Noisy(Formula of, double share, long seed, String key) implements Formula {}

  /** With the neurons in another order. */
  record Permuted(Formula of, NeuronOrder order, int axis) implements Formula {}

  /** With zeros for all but some neighbours along an axis. */
  record Masked(Formula of, int axis, long from, long count) implements Formula {}

  /**
   * A matrix sum s_i u_i v_i' over its singular values, with random signs for the weaker ones: the
   * strongest, as few as have together this share of the sum of all s_i², keep theirs.
   */
  record Spectral(Formula of, double share, long seed, String key) implements Formula {}

  /**
   * Plus noise on few entries: on each with probability {@code share}, normal around zero with the
   * deviation of all entries.
   */
  record SparselyNoisy(Formula of, double share, long seed, String key) implements Formula {}

  /**
   * With each neuron's weights w turned in a random direction orthogonal to them, so that their
   * norm stays and they move by {@code distance * |w|}.
   */
  record TurnedNeurons(Formula of, int axis, double distance, long seed, String key)
      implements Formula {}

  /** With each neuron's weights times a factor, uniform in [1 - spread, 1 + spread). */
  record ScaledNeurons(Formula of, int axis, double spread, long seed, String key)
      implements Formula {}

  /** {@code (1 - share) * of + share * other}. */
  record Interpolated(Formula of, Formula other, double share) implements Formula {}

  /**
   * A matrix sum s_i u_i v_i' with {@code (1 - share) s_i + share t_i} in the place of s_i, t_i the
   * i-th largest singular value of the other.
   */
  record MixedSpectrum(Formula of, Formula other, double share) implements Formula {}

  /** Plus {@code distance} times its norm, in a direction; nothing where that is zero. */
  record Stepped(Formula of, SourceTensor direction, double distance) implements Formula {}

  /**
   * Row n is row {@code rows[n]} of another tensor; replicas, which are all of a parent's rows but
   * the first, get normal noise whose norm is {@code delta} times the row's on average (its root
   * mean square).
   */
  record NoisyRows(Formula of, List<Integer> rows, double delta, long seed, String key)
      implements Formula {}

  /** Likewise, with the replicas' rows turned as {@link TurnedNeurons} are. */
  record TurnedRows(Formula of, List<Integer> rows, double distance, long seed, String key)
      implements Formula {}

  /** Row n is {@code (1 - share)} times row {@code rows[n]} and share times {@code others[n]}. */
  record MixedRows(Formula of, List<Integer> rows, List<Integer> others, double share)
      implements Formula {}

  /**
   * Row n is w + delta * |w| * d_n, w the source's row {@code parents[n]}, d_n row n of the
   * directions. The rows of a lineage add up to as many times w (docs/grow.md).
   */
  record DirectedRows(
      SourceTensor source, SourceTensor directions, List<Integer> parents, double delta)
      implements Formula {}

  /**
   * Entry n is the source's entry {@code parents[n]} times a factor; those of replicas, which are
   * all entries of a parent but the first, plus uniform noise in [-noise, noise) and minus the
   * hold-back. In fp32 whatever the source's type.
   */
  record ReplicaBias(
      SourceTensor source,
      List<Integer> parents,
      double factor,
      double noise,
      double holdBack,
      long seed)
      implements Formula {}

  /** Every source of all of them. */
  static Stream<SourceTensor> sources(List<Formula> formulas) {
    return formulas.stream().flatMap(formula -> formula.sources().stream());
  }
}
