package io.cambium.upcycle;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Computes tensors from their formulas. Copies go straight from the mapped source to the sink; of
 * what is computed, one tensor at a time is in memory.
 */
record Evaluator(Sources sources) {

  /** Takes a piece of a tensor, {@code offset} bytes from its start. */
  interface Sink {
    void write(long offset, MemorySegment data);
  }

  private static final long ZEROS_BYTES = 1 << 20;

  /** Computes one tensor, piece by piece, in order. */
  void evaluate(Formula formula, TensorSpec out, Sink sink) {
    switch (formula) {
      case Formula.Copy(var source) -> sink.write(0, sources.data(source));
      case Formula.GatherRows(var source, var parents) ->
          gather(sources.data(source), parents, out.bytes() / parents.size(), sink);
      case Formula.Zeros() -> zeros(out.bytes(), sink);
      case Formula computed -> sink.write(0, Floats.write(compute(computed, out), out.dtype()));
    }
  }

  private float[] compute(Formula formula, TensorSpec out) {
    return switch (formula) {
      case Formula.DirectedRows(var source, var directions, var parents, double delta) -> {
        DType dtype = sources.spec(source).dtype();
        float[] rows_ND = sources.floats(directions);
        yield RouterRows.directed(sources.floats(source), rows_ND, parents, delta, dtype);
      }
      case Formula.ReplicaBias bias ->
          RouterRows.replicaBias(sources.floats(bias.source()), bias, out.name());
      case Formula.Redrawn(var source, var neurons, int axis) ->
          RedrawnNeurons.redraw(sources.floats(source), neurons, axis, out.name());
      case Formula.Scaled(var source, double factor) -> scaled(sources.floats(source), factor);
      case Formula.ScaledRows(var source, var parents, var factors) ->
          RouterRows.scaled(sources.floats(source), parents, factors);
      case Formula.Cleared(var source, double factor, var neurons, int axis) ->
          RedrawnNeurons.clear(scaled(sources.floats(source), factor), neurons, axis);
      case Formula.Copy _, Formula.GatherRows _, Formula.Zeros _ ->
          throw new IllegalArgumentException("nothing to compute: " + formula);
    };
  }

  private static void gather(
      MemorySegment source, List<Integer> parents, long rowBytes, Sink sink) {
    for (int n = 0; n < parents.size(); n++) {
      sink.write(n * rowBytes, source.asSlice(parents.get(n) * rowBytes, rowBytes));
    }
  }

  private static void zeros(long bytes, Sink sink) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zeros = arena.allocate(Math.min(bytes, ZEROS_BYTES));
      for (long done = 0; done < bytes; done += ZEROS_BYTES) {
        sink.write(done, zeros.asSlice(0, Math.min(ZEROS_BYTES, bytes - done)));
      }
    }
  }

  private static float[] scaled(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
    return values;
  }
}
