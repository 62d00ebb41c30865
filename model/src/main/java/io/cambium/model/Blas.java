package io.cambium.model;

import io.cambium.checkpoint.UsageException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * The library that multiplies matrices in fp32: OpenBLAS, or Intel MKL where it was asked for. Both
 * say what they are.
 */
final class Blas {

  /** JavaCPP's own switch. Where the library it names is missing, JavaCPP takes OpenBLAS. */
  private static final String CHOICE = "org.bytedeco.openblas.load";

  private static final String MKL = "mkl_rt";

  /** No library says more about itself. */
  private static final int TEXT_BYTES = 256;

  private Blas() {}

  /** What runs, once libtorch is loaded. */
  static String name() {
    MemorySegment mkl = function("MKL_Get_Version_String");
    if (mkl != null) {
      return ofMkl(mkl);
    }
    MemorySegment openblas = function("openblas_get_config");
    return openblas == null ? "unknown BLAS" : ofOpenBlas(openblas);
  }

  /**
   * Refuses to go on with another library than the one that was asked for.
   *
   * @throws UsageException if it is not there
   */
  static void requireChoice() {
    if (MKL.equals(System.getProperty(CHOICE)) && function("MKL_Get_Version_String") == null) {
      throw new UsageException(
          "-D" + CHOICE + "=" + MKL,
          "asks for Intel MKL, which is not on the class path",
          "start with CAMBIUM_BLAS=mkl ./cambium, or build with mvn -Pmkl");
    }
  }

  /** A function of whatever library is loaded; null if none has it. */
  static @Nullable MemorySegment function(String name) {
    Pointer address = Loader.addressof(name);
    return address == null ? null : MemorySegment.ofAddress(address.address());
  }

  private static String ofMkl(MemorySegment function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(TEXT_BYTES);
      Torch.call(
          function,
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
          text,
          TEXT_BYTES);
      return text.getString(0).strip();
    }
  }

  private static String ofOpenBlas(MemorySegment function) {
    Object text = Torch.call(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
    return ((MemorySegment) Objects.requireNonNull(text))
        .reinterpret(TEXT_BYTES)
        .getString(0)
        .strip();
  }
}
