package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.VerificationException;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.LedgerReader;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.ledger.Unit;
import io.cambium.upcycle.plan.Cost;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.RoutedLogits;
import io.cambium.upcycle.runner.TokenIds;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Reopens what was written and checks it: names, shapes, types, every copied byte; then, by running
 * both models, what the mode promises of the logits.
 */
record Verifier(UpcyclePlan plan, Path directory) {

  /** Of a logit, absolute, and relative to the largest logit where that is above 1. */
  static final double TOLERANCE = 1e-5;

  private static final int BATCH = 2;
  private static final int MIN_SEQUENCE = 64;
  private static final int MAX_SEQUENCE = Cost.COMPARED_TOKENS / BATCH;

  /**
   * Compares the directory with the plan, by its headers.
   *
   * @throws VerificationException at the first difference
   */
  private void verifyHeaders(CheckpointDirectory written, Optional<SafetensorsFile> optimizer) {
    if (!written.config().json().equals(plan.config())) {
      throw failed(CheckpointDirectory.CONFIG, "is not what was planned");
    }
    for (Entry entry : plan.weights()) {
      requireSpec(entry, written.spec(entry.target().name()));
    }
    for (Entry entry : plan.optimizer()) {
      TensorEntry actual = optimizer.orElseThrow().tensors().get(entry.target().name());
      requireSpec(entry, actual == null ? null : actual.spec());
    }
  }

  private void requireSpec(Entry entry, @Nullable TensorSpec actual) {
    if (!entry.onDisk().equals(actual)) {
      throw failed(entry.target().name(), "is " + actual + ", not " + entry.onDisk());
    }
  }

  /**
   * Reads everything back from the disk and compares it with what was written and, byte for byte,
   * with the tensors it copies.
   *
   * @param units every unit of the plan
   * @param done the journal's line about each of them
   * @return the SHA-256 of each weight file
   * @throws VerificationException at the first difference
   */
  SortedMap<String, String> verifyBytes(
      Sources sources,
      List<Unit> units,
      Collection<Journal.Done> done,
      int threads,
      Progress progress) {
    try (CheckpointDirectory written = CheckpointDirectory.open(directory);
        Closer optimizer = new Closer(openOptimizer())) {
      verifyHeaders(written, optimizer.file);
      Map<String, List<ReadBack.Piece>> pieces = pieces(sources, units, done);
      SortedMap<String, String> sha256 = new ConcurrentSkipListMap<>();
      Map<String, SafetensorsFile> files = new LinkedHashMap<>(written.files());
      optimizer.file.ifPresent(file -> files.put(SourceCheckpoint.OPTIMIZER, file));
      long total = units.stream().mapToLong(Unit::bytes).sum();
      ByteProgress read = new ByteProgress(progress, "verifying", 0, total);
      Workers.forEach(
          List.copyOf(files.keySet()),
          threads,
          name ->
              sha256.put(
                  name,
                  ReadBack.sha256(Objects.requireNonNull(files.get(name)), pieces, read::add)));
      verifyRearranged(sources, units, written, optimizer.file);
      sha256.remove(SourceCheckpoint.OPTIMIZER);
      return sha256;
    }
  }

  /** Closes a file that may not be there. */
  private record Closer(Optional<SafetensorsFile> file) implements AutoCloseable {
    @Override
    public void close() {
      file.ifPresent(SafetensorsFile::close);
    }
  }

  private Optional<SafetensorsFile> openOptimizer() {
    return plan.optimizer().isEmpty()
        ? Optional.empty()
        : Optional.of(SafetensorsFile.open(directory.resolve(SourceCheckpoint.OPTIMIZER)));
  }

  private static Map<String, List<ReadBack.Piece>> pieces(
      Sources sources, List<Unit> units, Collection<Journal.Done> done) {
    Map<String, List<ReadBack.Piece>> pieces = new HashMap<>();
    for (Journal.Done line : done) {
      Unit unit = units.get(line.unit());
      for (int n = 0; n < line.written().size(); n++) {
        Journal.Written written = line.written().get(n);
        MemorySegment copied =
            unit.isCopiedPiece() ? unit.copied(unit.entries().get(n), sources) : null;
        pieces
            .computeIfAbsent(written.tensor(), _ -> new ArrayList<>())
            .add(new ReadBack.Piece(written, copied));
      }
    }
    return pieces;
  }

  /** What is copied in another order, such as rows of routers. */
  private void verifyRearranged(
      Sources sources,
      List<Unit> units,
      CheckpointDirectory written,
      Optional<SafetensorsFile> optimizer) {
    LedgerReader reader = new LedgerReader(sources);
    Set<Entry> weights = new HashSet<>(plan.weights());
    for (Unit unit : units) {
      for (Entry entry : unit.isCopiedPiece() ? List.<Entry>of() : unit.entries()) {
        // What is computed would only be computed the same way again.
        if (entry.formula().isCopied()) {
          String name = entry.target().name();
          MemorySegment data =
              weights.contains(entry) ? written.data(name) : optimizer.orElseThrow().data(name);
          long mismatch = reader.mismatch(entry, data);
          if (mismatch >= 0) {
            throw failed(name, "differs from its source at byte " + mismatch);
          }
        }
      }
    }
  }

  /**
   * Runs source and result and compares their logits.
   *
   * @param comparison token batches, of which the first is used if it is large enough; else random
   *     tokens are
   * @throws VerificationException if they are not what the mode promises, or not finite
   */
  Verification verifyLogits(
      ModelRunner runner, List<TokenIds> comparison, int vocabSize, Progress progress) {
    if (plan.stepZero() instanceof StepZero.NotRun notRun) {
      return Verification.without(
          Verification.Word.STRUCTURE_VERIFIED, notRun.reason() + "; planned: " + notRun.planned());
    }
    Optional<TokenIds> text = text(comparison);
    TokenIds ids = text.orElseGet(() -> random(vocabSize));
    Compared single = compare(runner, ids, DType.F32, progress);
    if (single.isKept()) {
      return verification(single, null, text.isPresent());
    }
    // A mistake stays in fp64, rounding that a badly conditioned model amplifies does not.
    Compared twice = compare(runner, ids, DType.F64, progress);
    if (twice.isKept()) {
      return verification(twice, single.fromPromise, text.isPresent());
    }
    throw failed(
        "logits",
        "differ by up to %.3g in fp64 where %.1g is allowed (%s; mean difference %.3g, KL %.3g)"
            .formatted(
                twice.promised().largest(),
                twice.allowed(),
                plan.stepZero(),
                twice.promised().mean(),
                twice.promised().kl()));
  }

  private Verification verification(
      Compared compared, @Nullable LogitDifference inSingle, boolean text) {
    return new Verification(
        compared.fromPromise == null
            ? Verification.Word.STRUCTURE_VERIFIED
            : Verification.Word.VERIFIED,
        plan.stepZero() instanceof StepZero.NotExact(var reason)
            ? reason
            : plan.stepZero().toString(),
        compared.fromPromise,
        inSingle,
        comparedWith(),
        compared.fromSource,
        compared.siblingCoselection,
        text);
  }

  private String comparedWith() {
    return plan.sources().size() == 1 ? "the source" : "source 0, " + plan.sources().getFirst();
  }

  /**
   * What running both models has shown.
   *
   * @param fromPromise null where nothing is promised
   */
  private record Compared(
      LogitDifference fromSource,
      @Nullable LogitDifference fromPromise,
      @Nullable Double siblingCoselection) {

    boolean isKept() {
      return fromPromise == null || fromPromise.largest() <= allowed();
    }

    LogitDifference promised() {
      return Objects.requireNonNull(fromPromise);
    }

    double allowed() {
      return TOLERANCE * Math.max(1, promised().largestLogit());
    }
  }

  private Compared compare(ModelRunner runner, TokenIds ids, DType compute, Progress progress) {
    int tokens = ids.batch_B() * ids.sequence_S();
    Path source = Path.of(plan.sources().getFirst());
    String what = compute == DType.F32 ? "comparing logits" : "comparing logits in fp64";
    progress.update(what, 0, 2);
    float[] source_TV = runner.logits(source, ids, OptionalInt.empty(), compute);
    progress.update(what, 1, 2);
    RoutedLogits grown = runner.routedLogits(directory, ids, compute);
    progress.update(what, 2, 2);
    LogitDifference fromSource = LogitDifference.between(source_TV, grown.logits(), tokens);
    if (!fromSource.isFinite()) {
      throw failed("logits", "are not finite, in the source or after growing");
    }
    LogitDifference fromPromise =
        switch (plan.stepZero()) {
          case StepZero.Exact() -> fromSource;
          case StepZero.SourceAtTopK(int topK) -> {
            float[] promised_TV = runner.logits(source, ids, OptionalInt.of(topK), compute);
            yield LogitDifference.between(promised_TV, grown.logits(), tokens);
          }
          case StepZero.NotExact _, StepZero.NotRun _ -> null;
        };
    return new Compared(fromSource, fromPromise, grown.siblingCoselection());
  }

  private static Optional<TokenIds> text(List<TokenIds> comparison) {
    return comparison.stream()
        .limit(1)
        .filter(batch -> batch.batch_B() >= BATCH && batch.sequence_S() >= MIN_SEQUENCE)
        .map(Verifier::cut)
        .findFirst();
  }

  private TokenIds random(int vocabSize) {
    CounterRandom random = CounterRandom.of(plan.seed(), "verification");
    long[] ids = new long[BATCH * MIN_SEQUENCE];
    Arrays.setAll(ids, i -> (long) (random.uniform(i) * vocabSize));
    return new TokenIds(BATCH, MIN_SEQUENCE, ids);
  }

  private static TokenIds cut(TokenIds batch) {
    int sequence = Math.min(batch.sequence_S(), MAX_SEQUENCE);
    long[] ids = new long[BATCH * sequence];
    for (int b = 0; b < BATCH; b++) {
      System.arraycopy(batch.ids(), b * batch.sequence_S(), ids, b * sequence, sequence);
    }
    return new TokenIds(BATCH, sequence, ids);
  }

  private VerificationException failed(String place, String what) {
    return new VerificationException(
        directory + " " + place, what, "the directory is left under this name for inspection");
  }
}
