package io.cambium.model;

import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Lifetimes of native memory inside a worker's task. */
final class Scopes {

  private Scopes() {}

  /**
   * Runs a piece of work and frees every tensor it made but the result, which the enclosing scope
   * owns.
   */
  static Tensor keepResult(Supplier<Tensor> work) {
    PointerScope outer = PointerScope.getInnerScope();
    Tensor result;
    try (PointerScope inner = new PointerScope()) {
      result = work.get();
      result.retainReference();
    }
    if (outer != null) {
      outer.attach(result);
      result.releaseReference();
    }
    return result;
  }

  /** Runs a piece of work and frees every tensor it made. */
  static void freeAll(Runnable work) {
    try (PointerScope inner = new PointerScope()) {
      work.run();
    }
  }

  /** Runs a piece of work and frees every tensor it made; only a number leaves it. */
  static double freeAll(DoubleSupplier work) {
    try (PointerScope inner = new PointerScope()) {
      return work.getAsDouble();
    }
  }

  /** Takes a tensor out of its scope: it lives as long as Java refers to it. */
  static Tensor unowned(Tensor tensor) {
    return tensor.retainReference();
  }
}
