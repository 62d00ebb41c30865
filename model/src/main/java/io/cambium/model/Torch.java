package io.cambium.model;

import io.cambium.checkpoint.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** libtorch's start-up, and the few bridges between its tensors and Java's memory. */
public final class Torch {

  private static final Map<DType, ScalarType> TYPES =
      Map.ofEntries(
          Map.entry(DType.F64, ScalarType.Double),
          Map.entry(DType.F32, ScalarType.Float),
          Map.entry(DType.F16, ScalarType.Half),
          Map.entry(DType.BF16, ScalarType.BFloat16),
          Map.entry(DType.I64, ScalarType.Long),
          Map.entry(DType.I32, ScalarType.Int),
          Map.entry(DType.U8, ScalarType.Byte));

  /** glibc's mallopt parameters. */
  private static final int M_TRIM_THRESHOLD = -1;

  private static final int M_MMAP_THRESHOLD = -3;

  /** Of blocks up to this size what is freed is kept: of all, or of small ones alone. */
  private static final int KEEP_ALL = 1 << 30;

  private static final int KEEP_SMALL = 1 << 20;

  static {
    prepareProcess();
    // Here, where the class's lock lets one thread in: two that load JavaCPP's classes at the same
    // time, each beginning with another, can wait for each other for ever.
    torch.set_num_threads(1);
  }

  /** How long to look whether tensors are still being freed. */
  private static final long COLLECT_NANOS = 50_000_000;

  private static volatile boolean checked;

  private Torch() {}

  /**
   * Sets the process up for one thread per op. Must come before the first class of libtorch; every
   * entry point of this module calls it, and more than once is fine.
   *
   * @throws io.cambium.checkpoint.UsageException if a BLAS was asked for that is not there
   */
  public static void start() {
    torch.set_num_threads(1);
    if (!checked) {
      Blas.requireChoice();
      checked = true;
    }
  }

  /** The libraries that multiply matrices, and their versions or kernels. */
  public static String blas() {
    start();
    return OneDnn.isChosen() ? Blas.name() + ", experts by " + OneDnn.name() : Blas.name();
  }

  private static void prepareProcess() {
    // OpenBLAS reads these once, when it loads: a kernel forced from outside may halve its speed.
    environment("OPENBLAS_CORETYPE", Optional.empty());
    environment("OPENBLAS_L2_SIZE", Optional.empty());
    // Parallelism is one Java thread per core with single-threaded ops (2 x faster than intra-op
    // threads).
    environment("OPENBLAS_NUM_THREADS", Optional.of("1"));
    environment("OMP_NUM_THREADS", Optional.of("1"));
    environment("MKL_NUM_THREADS", Optional.of("1"));
    keepFreedBlocks(KEEP_ALL);
  }

  private static void environment(String name, Optional<String> value) {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocateFrom(name);
      if (value.isPresent()) {
        Optional<MemorySegment> setenv = linker.defaultLookup().find("setenv");
        if (setenv.isPresent()) {
          call(
              setenv.get(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT),
              key,
              arena.allocateFrom(value.get()),
              1);
        }
      } else {
        Optional<MemorySegment> unsetenv = linker.defaultLookup().find("unsetenv");
        if (unsetenv.isPresent()) {
          call(
              unsetenv.get(),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
              key);
        }
      }
    }
  }

  /**
   * From now on large blocks that are freed go back to the system at once, on glibc. Kept ones are
   * cut up by what is allocated between them: 8 layers that compute their activations again took
   * 1.89 GB so, and take 1.27 GB without.
   */
  static void returnFreedMemory() {
    keepFreedBlocks(KEEP_SMALL);
  }

  /** What is freed stays with the process again, as it does at first. */
  static void keepFreedMemory() {
    keepFreedBlocks(KEEP_ALL);
  }

  /** On glibc, keep freed blocks instead of returning them to the system: +14 % training speed. */
  private static void keepFreedBlocks(int bytes) {
    FunctionDescriptor signature =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    Linker.nativeLinker()
        .defaultLookup()
        .find("mallopt")
        .ifPresent(mallopt -> {
          call(mallopt, signature, M_MMAP_THRESHOLD, bytes);
          call(mallopt, signature, M_TRIM_THRESHOLD, bytes);
        });
  }

  /** Calls a C function; null if it returns nothing. */
  static @Nullable Object call(
      MemorySegment function, FunctionDescriptor signature, Object... args) {
    MethodHandle handle = Linker.nativeLinker().downcallHandle(function, signature);
    try {
      return handle.invokeWithArguments(args);
    } catch (Throwable e) {
      throw new IllegalStateException("a call into the C library failed", e);
    }
  }

  /**
   * Frees the tensors that nothing refers to any longer, and on glibc gives what is free by then
   * back to the system: what threads leave that have ended, no other would use. Waits for JavaCPP's
   * thread that frees, as long as it gets on.
   */
  public static void collect() {
    System.gc();
    long before;
    do {
      before = Pointer.totalCount();
      LockSupport.parkNanos(COLLECT_NANOS);
    } while (Pointer.totalCount() < before);
    Linker.nativeLinker()
        .defaultLookup()
        .find("malloc_trim")
        .ifPresent(trim ->
            call(trim, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG), 0L));
  }

  /** libtorch's name for an element type. */
  static ScalarType scalarType(DType dtype) {
    ScalarType type = TYPES.get(dtype);
    if (type == null) {
      throw new IllegalArgumentException("libtorch computes with no " + dtype);
    }
    return type;
  }

  /** A tensor over memory that somebody else owns and keeps open. Read-only if the memory is. */
  public static Tensor view(MemorySegment memory, DType dtype, List<Long> shape) {
    long[] sizes = shape.stream().mapToLong(Long::longValue).toArray();
    if (memory.byteSize() == 0) {
      return torch.zeros(sizes, options(scalarType(dtype)));
    }
    return torch.from_blob(new Address(memory), sizes, options(scalarType(dtype)));
  }

  /** The memory of a contiguous CPU tensor, valid as long as the tensor. */
  public static MemorySegment memory(Tensor tensor) {
    if (!tensor.is_contiguous()) {
      throw new IllegalArgumentException("only a contiguous tensor is one piece of memory");
    }
    return tensor.numel() == 0
        ? MemorySegment.ofArray(new long[0])
        : MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }

  /** A copy of an fp32 tensor's values. */
  public static float[] floats(Tensor tensor) {
    Tensor contiguous = tensor.contiguous();
    try {
      return memory(contiguous).toArray(ValueLayout.JAVA_FLOAT);
    } finally {
      Reference.reachabilityFence(contiguous);
    }
  }

  /** A copy of an fp64 tensor's values. */
  public static double[] doubles(Tensor tensor) {
    Tensor contiguous = tensor.contiguous();
    try {
      return memory(contiguous).toArray(ValueLayout.JAVA_DOUBLE);
    } finally {
      Reference.reachabilityFence(contiguous);
    }
  }

  /** A copy of an int64 tensor's values. */
  static long[] longs(Tensor tensor) {
    Tensor contiguous = tensor.contiguous();
    try {
      return memory(contiguous).toArray(ValueLayout.JAVA_LONG);
    } finally {
      Reference.reachabilityFence(contiguous);
    }
  }

  /** A new int64 tensor of this shape. */
  public static Tensor tensor(long[] values, long... shape) {
    Tensor tensor = empty(ScalarType.Long, shape);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /** A new fp32 tensor of this shape. */
  public static Tensor tensor(float[] values, long... shape) {
    Tensor tensor = empty(ScalarType.Float, shape);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /** A new fp64 tensor of this shape. */
  public static Tensor tensor(double[] values, long... shape) {
    Tensor tensor = empty(ScalarType.Double, shape);
    memory(tensor).copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  /** A new tensor whose values are whatever was in memory. */
  static Tensor empty(ScalarType type, long... shape) {
    return torch.empty(shape, options(type), new MemoryFormatOptional());
  }

  static TensorOptions options(ScalarType type) {
    return new TensorOptions().dtype(new ScalarTypeOptional(type));
  }

  static Scalar scalar(double value) {
    return new Scalar(value);
  }

  /** JavaCPP's pointers count in int and own what they point to; this one only names an address. */
  private static final class Address extends BytePointer {
    Address(MemorySegment memory) {
      super((Pointer) null);
      address = memory.address();
      limit = memory.byteSize();
      capacity = memory.byteSize();
    }
  }
}
