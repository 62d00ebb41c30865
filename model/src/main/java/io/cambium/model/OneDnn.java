package io.cambium.model;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Objects;
import org.bytedeco.dnnl.presets.dnnl;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * oneDNN's sgemm. On two cores with AVX-512 it multiplies 512 rows at the rate of OpenBLAS, 128
 * rows 1.2 to 1.4 times as fast, and 32 rows, such as each of many experts gets, 1.5 to 2.5 times.
 */
final class OneDnn {

  /** {@code blas} leaves all products to libtorch and its BLAS. */
  private static final String CHOICE = "io.cambium.products";

  private static final byte AS_IT_IS = 'N';
  private static final byte TRANSPOSED = 'T';

  /** Major, minor, patch: what {@code dnnl_version_t} begins with. */
  private static final int VERSION_BYTES = 3 * Integer.BYTES;

  private static final @Nullable MethodHandle SGEMM = sgemm();

  private OneDnn() {}

  /** Whether this is an x86-64 machine, for which it is written, and it was not ruled out. */
  static boolean isChosen() {
    return SGEMM != null;
  }

  /** The library and its version. */
  static String name() {
    MemorySegment function = Objects.requireNonNull(Blas.function("dnnl_version"));
    Object version = Torch.call(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
    int[] numbers =
        ((MemorySegment) Objects.requireNonNull(version))
            .reinterpret(VERSION_BYTES)
            .toArray(ValueLayout.JAVA_INT);
    return "oneDNN %d.%d.%d".formatted(numbers[0], numbers[1], numbers[2]);
  }

  /**
   * Whether it can multiply these: all in fp32, none empty, elements next to each other along rows
   * or, but for the product's, along columns. Matrices that are interleaved with others are not.
   */
  static boolean takes(Tensor out, Tensor left, Tensor right) {
    return out.scalar_type().intern() == ScalarType.Float
        && out.numel() > 0
        && left.numel() > 0
        && !isTransposed(out)
        && isDense(left)
        && isDense(right);
  }

  private static boolean isDense(Tensor matrix) {
    return matrix.stride(1) == 1 || matrix.stride(0) == 1;
  }

  /** {@code out = left right + keep * out}, of what it takes. */
  static void multiply(Tensor out, Tensor left, Tensor right, float keep) {
    MethodHandle sgemm = Objects.requireNonNull(SGEMM);
    int status;
    try {
      status =
          (int)
              sgemm.invokeExact(
                  form(left),
                  form(right),
                  out.size(0),
                  out.size(1),
                  left.size(1),
                  1f,
                  address(left),
                  rowLength(left),
                  address(right),
                  rowLength(right),
                  keep,
                  address(out),
                  rowLength(out));
    } catch (Throwable e) {
      throw new IllegalStateException("a call into oneDNN failed", e);
    } finally {
      Reference.reachabilityFence(out);
      Reference.reachabilityFence(left);
      Reference.reachabilityFence(right);
    }
    if (status != 0) {
      throw new IllegalStateException("oneDNN's sgemm gives status " + status);
    }
  }

  private static boolean isTransposed(Tensor matrix) {
    return matrix.stride(1) != 1;
  }

  private static byte form(Tensor matrix) {
    return isTransposed(matrix) ? TRANSPOSED : AS_IT_IS;
  }

  /** From one row in memory to the next. */
  private static long rowLength(Tensor matrix) {
    int rows = isTransposed(matrix) ? 1 : 0;
    return Math.max(matrix.stride(rows), matrix.size(1 - rows));
  }

  private static MemorySegment address(Tensor matrix) {
    return MemorySegment.ofAddress(matrix.data_ptr().address());
  }

  private static @Nullable MethodHandle sgemm() {
    if (!Loader.getPlatform().endsWith("x86_64") || "blas".equals(System.getProperty(CHOICE))) {
      return null;
    }
    Torch.start();
    load();
    return Linker.nativeLinker()
        .downcallHandle(
            Objects.requireNonNull(Blas.function("dnnl_sgemm")),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_BYTE,
                ValueLayout.JAVA_BYTE,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_FLOAT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_FLOAT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG));
  }

  /** The library alone: JavaCPP's own functions for it would want OpenCL beside it. */
  private static void load() {
    ClassProperties properties = new ClassProperties(Loader.loadProperties());
    properties.load(dnnl.class, true);
    String library =
        properties.get("platform.link").stream()
            .filter(name -> name.startsWith("dnnl"))
            .findFirst()
            .orElseThrow();
    Loader.loadLibrary(dnnl.class, Loader.findLibrary(dnnl.class, properties, library), library);
  }
}
