package io.cambium.upcycle.dense;

import io.cambium.checkpoint.DType;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.StepZero.Exact;
import io.cambium.upcycle.plan.StepZero.NotExact;
import java.util.List;
import java.util.Optional;

/** What a model made of dense ones computes before it is trained further (docs/upcycle.md). */
final class DensePromise {

  private DensePromise() {}

  /**
   * What the ledger promises.
   *
   * @param weights every tensor of the result
   */
  static StepZero of(DenseParents parents, DenseOptions options, List<Entry> weights) {
    if (!parents.areEqual()) {
      return new NotExact("the sources differ");
    }
    if (!options.experts().keepsFunction()) {
      return new NotExact("the copies differ (" + options.experts().name() + ")");
    }
    return weights.stream()
        .flatMap(entry -> rounded(entry).stream())
        .findFirst()
        .<StepZero>map(NotExact::new)
        .orElseGet(Exact::new);
  }

  /** What of a source's tensor is lost in a type that is coarser than fp32, in words. */
  private static Optional<String> rounded(Entry entry) {
    boolean made =
        entry.formula().sources().stream().anyMatch(tensor -> tensor.origin() == Origin.WEIGHTS);
    return !made || entry.dtype() == DType.F32
        ? Optional.empty()
        : changed(entry.formula())
            .map(
                change -> entry.target().name() + " " + change + " is rounded to " + entry.dtype());
  }

  /** What is done to the values that may not fit their type again. */
  private static Optional<String> changed(Formula formula) {
    return switch (formula) {
      case Formula.Scaled(_, double factor) when !isPowerOfTwo(factor) ->
          Optional.of("times " + number(factor));
      case Formula.Scaled(var of, _) -> changed(of);
      case Formula.Shifted(_, double amount) -> Optional.of("plus " + number(amount));
      case Formula.Slice(var of, _, _, _) -> changed(of);
      default -> Optional.empty();
    };
  }

  /** Times such a one, all of a number's digits stay. */
  private static boolean isPowerOfTwo(double factor) {
    return factor == Math.scalb(1.0, Math.getExponent(factor));
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
