package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Computes tensors from their formulas. Copies go straight from the mapped source to the sink; of
 * what is computed, one tensor at a time is in memory.
 */
public final class Evaluator {

  /** Takes a piece of a tensor, {@code offset} bytes from its start. */
  public interface Sink {
    void write(long offset, MemorySegment data);
  }

  private static final long ZEROS_BYTES = 1 << 20;

  /** Gate, up and down: so many matrices are decomposed for each model and kept. */
  static final int MATRICES = 3;

  private final Sources sources;
  private final Spectra spectra;

  public Evaluator(Sources sources) {
    this.sources = sources;
    this.spectra = new Spectra(MATRICES * sources.checkpoints().size());
  }

  /** Computes one tensor, piece by piece, in order. */
  public void evaluate(Entry entry, Sink sink) {
    try (Arena arena = Arena.ofConfined()) {
      switch (entry.formula()) {
        case Formula.Copy(var source) -> sink.write(0, sources.data(source, arena));
        case Formula.GatherRows(Formula.Copy(var source), var rows) ->
            gather(sources.data(source, arena), rows, entry.bytes() / rows.size(), sink);
        case Formula.Slice(Formula.Copy(var source), int axis, long from, long count)
            when axis == 0 -> {
          long rowBytes = entry.bytes() / count;
          sink.write(0, sources.data(source, arena).asSlice(from * rowBytes, entry.bytes()));
        }
        case Formula.Zeros() -> zeros(entry.bytes(), arena, sink);
        case Formula computed ->
            sink.write(0, Floats.write(compute(computed).data(), entry.dtype()));
      }
    }
  }

  private Values compute(Formula formula) {
    return switch (formula) {
      case Formula.Copy(var source) -> sources.values(source);
      case Formula.Normal(var shape, double deviation, long seed, var key) ->
          normal(shape, deviation, CounterRandom.of(seed, key));
      case Formula.GatherRows(var of, var rows) -> RouterRows.scaled(compute(of), rows, _ -> 1);
      case Formula.ScaledRows(var of, var rows, var factors) ->
          RouterRows.scaled(compute(of), rows, factors::get);
      case Formula.Slice(var of, int axis, long from, long count) ->
          compute(of).slice(axis, from, count);
      case Formula.Scaled(var of, double factor) -> {
        Values values = compute(of);
        scale(values.data(), factor);
        yield values;
      }
      case Formula.Mean(var of) -> mean(of);
      case Formula.Shifted(var of, double amount) -> {
        Values values = compute(of);
        shift(values.data(), amount);
        yield values;
      }
      case Formula.Redrawn(var of, var neurons, int axis, var key) -> {
        Values values = compute(of);
        RedrawnNeurons.redraw(values.data(), neurons, axis, key);
        yield values;
      }
      case Formula.Cleared(var of, var neurons, int axis) -> {
        Values values = compute(of);
        RedrawnNeurons.clear(values.data(), neurons, axis);
        yield values;
      }
      case Formula.Noisy(var of, double share, long seed, var key) -> {
        Values values = compute(of);
        Noise.add(values.data(), share, CounterRandom.of(seed, key));
        yield values;
      }
      case Formula.Permuted(var of, var order, int axis) ->
          compute(of).gather(axis, order.indices());
      case Formula.Masked(var of, int axis, long from, long count) ->
          compute(of).masked(axis, from, count);
      case Formula.Spectral(var of, double share, long seed, var key) -> {
        Values values = compute(of);
        yield spectra.get(of, values).withRandomSigns(values, share, CounterRandom.of(seed, key));
      }
      case Formula.MixedSpectrum(var of, var other, double share) -> {
        Spectrum others = spectra.get(other, compute(other));
        Values values = compute(of);
        yield spectra.get(of, values).mixedWith(others, values, share);
      }
      case Formula.SparselyNoisy(var of, double share, long seed, var key) -> {
        Values values = compute(of);
        Noise.addToFew(values.data(), share, seed, key);
        yield values;
      }
      case Formula.TurnedNeurons(var of, int axis, double distance, long seed, var key) -> {
        Values values = compute(of);
        NeuronWeights.turn(values, axis, distance, CounterRandom.of(seed, key));
        yield values;
      }
      case Formula.ScaledNeurons(var of, int axis, double spread, long seed, var key) -> {
        Values values = compute(of);
        CounterRandom random = CounterRandom.of(seed, key);
        NeuronWeights.scale(values, axis, n -> 1 + spread * (2 * random.uniform(n) - 1));
        yield values;
      }
      case Formula.Interpolated(var of, var other, double share) -> {
        Values values = compute(of);
        interpolate(values.data(), compute(other).data(), share);
        yield values;
      }
      case Formula.Stepped(var of, var direction, double distance) -> {
        Values values = compute(of);
        step(values.data(), sources.values(direction).data(), distance);
        yield values;
      }
      case Formula.NoisyRows(var of, var rows, double delta, long seed, var key) -> {
        Values values = RouterRows.scaled(compute(of), rows, _ -> 1);
        CounterRandom random = CounterRandom.of(seed, key);
        RouterRows.addNoise(values, Manifest.Growth.replicas(rows), delta, random);
        yield values;
      }
      case Formula.TurnedRows(var of, var rows, double distance, long seed, var key) -> {
        Values values = RouterRows.scaled(compute(of), rows, _ -> 1);
        CounterRandom random = CounterRandom.of(seed, key);
        RouterRows.turn(values, Manifest.Growth.replicas(rows), distance, random);
        yield values;
      }
      case Formula.MixedRows(var of, var rows, var others, double share) -> {
        Values source = compute(of);
        Values values = RouterRows.scaled(source, rows, _ -> 1);
        interpolate(values.data(), RouterRows.scaled(source, others, _ -> 1).data(), share);
        yield values;
      }
      case Formula.DirectedRows(var source, var directions, var parents, double delta) -> {
        Values rows_ND = sources.values(directions);
        DType dtype = sources.dtype(source);
        RouterRows.directed(sources.values(source).data(), rows_ND.data(), parents, delta, dtype);
        yield rows_ND;
      }
      case Formula.ReplicaBias bias -> {
        Values bias_E = sources.values(bias.source());
        yield bias_E.withRows(
            bias.parents().size(),
            RouterRows.replicaBias(bias_E.data(), bias, bias.source().name()));
      }
      case Formula.Zeros _ -> throw new IllegalArgumentException("nothing to compute: " + formula);
    };
  }

  private static void gather(MemorySegment source, List<Integer> rows, long rowBytes, Sink sink) {
    for (int n = 0; n < rows.size(); n++) {
      sink.write(n * rowBytes, source.asSlice(rows.get(n) * rowBytes, rowBytes));
    }
  }

  private static void zeros(long bytes, Arena arena, Sink sink) {
    MemorySegment zeros = arena.allocate(Math.min(bytes, ZEROS_BYTES));
    for (long done = 0; done < bytes; done += ZEROS_BYTES) {
      sink.write(done, zeros.asSlice(0, Math.min(ZEROS_BYTES, bytes - done)));
    }
  }

  private static Values normal(List<Long> shape, double deviation, CounterRandom random) {
    float[] values = new float[Values.elements(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.gaussian(i));
    }
    return new Values(shape, values);
  }

  private Values mean(List<Formula> of) {
    Values first = compute(of.getFirst());
    double[] sums = new double[first.data().length];
    Arrays.setAll(sums, i -> first.data()[i]);
    for (Formula formula : of.subList(1, of.size())) {
      float[] values = compute(formula).data();
      for (int i = 0; i < sums.length; i++) {
        sums[i] += values[i];
      }
    }
    for (int i = 0; i < sums.length; i++) {
      first.data()[i] = (float) (sums[i] / of.size());
    }
    return first;
  }

  private static void interpolate(float[] values, float[] others, double share) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((1 - share) * values[i] + share * others[i]);
    }
  }

  /** A step whose length is relative to the norm of the values. */
  private static void step(float[] values, float[] direction, double distance) {
    double length = norm(direction);
    if (length > 0) {
      double scale = distance * norm(values) / length;
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (values[i] + scale * direction[i]);
      }
    }
  }

  private static double norm(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }

  private static void scale(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
  }

  private static void shift(float[] values, double amount) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] + amount);
    }
  }
}
