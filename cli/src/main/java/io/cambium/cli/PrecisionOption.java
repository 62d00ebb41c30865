package io.cambium.cli;

import io.cambium.checkpoint.DType;
import picocli.CommandLine.Option;

/** What a checkpoint is computed in. */
final class PrecisionOption {

  @Option(
      names = "--fp64",
      description =
          "Compute in fp64: slower, in twice the memory. Rounding goes away, a mistake does not.")
  private boolean fp64;

  DType type() {
    return fp64 ? DType.F64 : DType.F32;
  }
}
