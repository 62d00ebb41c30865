package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
  private final Deviations deviations;
  private final Spectra spectra;
  private final Noise noise = new Noise();
  private final Map<SourceTensor, float[]> lastRead = new HashMap<>();
  private Range lastRange = Range.ALL;
  private final List<float[]> batches = new ArrayList<>();
  private int batchesInUse;

  public Evaluator(Sources sources) {
    this(sources, new Deviations());
  }

  /**
   * One of several.
   *
   * @param deviations what they share
   */
  public Evaluator(Sources sources, Deviations deviations) {
    this.sources = sources;
    this.deviations = deviations;
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
            sink.write(0, Floats.write(compute(computed, Range.ALL).data(), entry.dtype()));
      }
    }
  }

  /**
   * Elements of a tensor, rounded to its type.
   *
   * @param range all, where the formula is not one that follows element by element
   */
  public float[] elements(Entry entry, Range range) {
    float[] values = unrounded(entry, range);
    if (!(entry.formula() instanceof Formula.Copy)) {
      Floats.read(Floats.write(values, entry.dtype()), entry.dtype(), values);
    }
    return range == Range.ALL ? values : values.clone();
  }

  private float[] unrounded(Entry entry, Range range) {
    batchesInUse = 0;
    return compute(entry.formula(), range).data();
  }

  /**
   * Computes elements of a tensor whose formula follows element by element.
   *
   * @param results memory for them, in the tensor's type
   */
  void compute(Entry entry, Range range, MemorySegment results) {
    if (entry.formula()
            instanceof Formula.Noisy(Formula.Copy(var source), double share, long seed, var key)
        && source.isContiguous()
        && sources.dtype(source) == DType.BF16
        && entry.dtype() == DType.BF16) {
      MemorySegment values =
          sources.part(source, range.from() * Short.BYTES, range.count() * Short.BYTES);
      CounterRandom random = CounterRandom.of(seed, key);
      double deviation = share * deviation(source);
      noise.addInBfloat16(values, range.from(), deviation, random, results);
    } else {
      Floats.write(unrounded(entry, range), entry.dtype(), results);
    }
  }

  private Values compute(Formula formula, Range range) {
    return switch (formula) {
      case Formula.Copy(var source) -> copy(source, range);
      case Formula.Normal(var shape, double deviation, long seed, var key) -> {
        Values values = Values.zeros(shape, range);
        noise.add(
            values.data(), range.from(), deviation, CounterRandom.of(seed, key), values.data());
        yield values;
      }
      case Formula.GatherRows(var of, var rows) ->
          RouterRows.scaled(compute(of, range), rows, _ -> 1);
      case Formula.ScaledRows(var of, var rows, var factors) ->
          RouterRows.scaled(compute(of, range), rows, factors::get);
      case Formula.Slice(var of, int axis, long from, long count) ->
          compute(of, range).slice(axis, from, count);
      case Formula.Scaled(var of, double factor) -> {
        Values values = compute(of, range);
        scale(values.data(), factor);
        yield values;
      }
      case Formula.Mean(var of) -> mean(of, range);
      case Formula.Shifted(var of, double amount) -> {
        Values values = compute(of, range);
        shift(values.data(), amount);
        yield values;
      }
      case Formula.Redrawn(var of, var neurons, int axis, var key) -> {
        Values values = compute(of, range);
        RedrawnNeurons.redraw(values.data(), neurons, axis, normals(values, neurons.seed(), key));
        yield values;
      }
      case Formula.Cleared(var of, var neurons, int axis) -> {
        Values values = compute(of, range);
        RedrawnNeurons.clear(values.data(), neurons, axis);
        yield values;
      }
      case Formula.Noisy(var of, double share, long seed, var key) -> {
        Values values = toRead(of, range);
        double deviation = share * deviation(of, values);
        Values noisy = range == Range.ALL ? values : roomLike(values);
        noise.add(
            values.data(), range.from(), deviation, CounterRandom.of(seed, key), noisy.data());
        yield noisy;
      }
      case Formula.Permuted(var of, var order, int axis) ->
          compute(of, range).gather(axis, order.indices());
      case Formula.Masked(var of, int axis, long from, long count) ->
          compute(of, range).masked(axis, from, count);
      case Formula.Spectral(var of, double share, long seed, var key) -> {
        Values values = compute(of, range);
        yield spectra.get(of, values).withRandomSigns(values, share, CounterRandom.of(seed, key));
      }
      case Formula.MixedSpectrum(var of, var other, double share) -> {
        Spectrum others = spectra.get(other, compute(other, range));
        Values values = compute(of, range);
        yield spectra.get(of, values).mixedWith(others, values, share);
      }
      case Formula.SparselyNoisy(var of, double share, long seed, var key) -> {
        Values values = compute(of, range);
        noise.addToFew(values.data(), range.from(), share, deviation(of, values), seed, key);
        yield values;
      }
      case Formula.TurnedNeurons(var of, int axis, double distance, long seed, var key) -> {
        Values values = compute(of, range);
        NeuronWeights.turn(values, axis, distance, normals(values, seed, key));
        yield values;
      }
      case Formula.ScaledNeurons(var of, int axis, double spread, long seed, var key) -> {
        Values values = compute(of, range);
        CounterRandom random = CounterRandom.of(seed, key);
        NeuronWeights.scale(values, axis, n -> 1 + spread * (2 * random.uniform(n) - 1));
        yield values;
      }
      case Formula.Interpolated(var of, var other, double share) -> {
        Values values = compute(of, range);
        interpolate(values.data(), compute(other, range).data(), share);
        yield values;
      }
      case Formula.Stepped(var of, var direction, double distance) -> {
        Values values = compute(of, range);
        step(values.data(), sources.values(direction).data(), distance);
        yield values;
      }
      case Formula.NoisyRows(var of, var rows, double delta, long seed, var key) -> {
        Values values = RouterRows.scaled(compute(of, range), rows, _ -> 1);
        List<Integer> replicas = Manifest.Growth.replicas(rows);
        RouterRows.addNoise(values, replicas, delta, normals(values, seed, key));
        yield values;
      }
      case Formula.TurnedRows(var of, var rows, double distance, long seed, var key) -> {
        Values values = RouterRows.scaled(compute(of, range), rows, _ -> 1);
        List<Integer> replicas = Manifest.Growth.replicas(rows);
        RouterRows.turn(values, replicas, distance, normals(values, seed, key));
        yield values;
      }
      case Formula.MixedRows(var of, var rows, var others, double share) -> {
        Values source = compute(of, range);
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

  private Values copy(SourceTensor source, Range range) {
    Values read = read(source, range);
    if (range == Range.ALL) {
      return read;
    }
    Values values = roomLike(read);
    System.arraycopy(read.data(), 0, values.data(), 0, read.data().length);
    return values;
  }

  /** What a formula makes, for somebody who does not change it: a copy's source as it is. */
  private Values toRead(Formula formula, Range range) {
    return formula instanceof Formula.Copy(var source)
        ? read(source, range)
        : compute(formula, range);
  }

  /** Copies of a block follow each other, piece by piece: each piece of it is read once. */
  private Values read(SourceTensor source, Range range) {
    if (range == Range.ALL) {
      return sources.values(source);
    }
    if (!range.equals(lastRange)) {
      lastRead.clear();
      lastRange = range;
    }
    float[] read = lastRead.computeIfAbsent(source, _ -> sources.values(source, range));
    return new Values(List.of(range.count()), read);
  }

  /**
   * Room for a batch's values, in an array that was used before: new ones for each of a line's
   * thousands of batches would cost as much as what is computed, since none of them is in the
   * cache.
   */
  private Values roomLike(Values batch) {
    int count = batch.data().length;
    if (count != LedgerWriter.BATCH) {
      return new Values(batch.shape(), new float[count]);
    }
    if (batchesInUse == batches.size()) {
      batches.add(new float[count]);
    }
    return new Values(batch.shape(), batches.get(batchesInUse++));
  }

  private float[] normals(Values values, long seed, String key) {
    return noise.normals(values.data().length, CounterRandom.of(seed, key));
  }

  private double deviation(Formula of, Values values) {
    if (of instanceof Formula.Copy(var source) && source.isContiguous()) {
      return deviation(source);
    }
    float[] all = values.data();
    return deviations.get(
        of,
        all.length,
        range -> Arrays.copyOfRange(all, (int) range.from(), (int) (range.from() + range.count())));
  }

  private double deviation(SourceTensor source) {
    return deviations.get(
        new Formula.Copy(source), source.elements(), range -> sources.values(source, range));
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

  private Values mean(List<Formula> of, Range range) {
    Values first = compute(of.getFirst(), range);
    double[] sums = new double[first.data().length];
    Arrays.setAll(sums, i -> first.data()[i]);
    for (Formula formula : of.subList(1, of.size())) {
      float[] values = compute(formula, range).data();
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
