package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.VerificationException;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.LedgerReader;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.Cost;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.RoutedLogits;
import io.cambium.upcycle.runner.TokenIds;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
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
   * Compares the directory with the plan and, byte for byte, with the tensors it copies.
   *
   * @throws VerificationException at the first difference
   */
  void verifyStructure(Sources sources, Progress progress) {
    try (CheckpointDirectory written = CheckpointDirectory.open(directory)) {
      written.verifyChecksums();
      if (!written.config().json().equals(plan.config())) {
        throw failed(CheckpointDirectory.CONFIG, "is not what was planned");
      }
      verify(plan.weights(), written::spec, written::data, sources, progress);
    }
    if (!plan.optimizer().isEmpty()) {
      try (SafetensorsFile written =
          SafetensorsFile.open(directory.resolve(SourceCheckpoint.OPTIMIZER))) {
        Map<String, TensorEntry> tensors = written.tensors();
        verify(
            plan.optimizer(),
            name -> specOrNull(tensors.get(name)),
            written::data,
            sources,
            progress);
      }
    }
  }

  private static @Nullable TensorSpec specOrNull(@Nullable TensorEntry entry) {
    return entry == null ? null : entry.spec();
  }

  private interface Specs {
    @Nullable TensorSpec of(String tensor);
  }

  private interface Data {
    MemorySegment of(String tensor);
  }

  private void verify(
      List<Entry> entries, Specs specs, Data data, Sources sources, Progress progress) {
    LedgerReader reader = new LedgerReader(sources);
    long done = 0;
    for (Entry entry : entries) {
      String name = entry.target().name();
      if (!entry.onDisk().equals(specs.of(name))) {
        throw failed(name, "is " + specs.of(name) + ", not " + entry.onDisk());
      }
      // What is computed would only be computed the same way again.
      if (entry.formula().isCopied()) {
        long mismatch = reader.mismatch(entry, data.of(name));
        if (mismatch >= 0) {
          throw failed(name, "differs from its source at byte " + mismatch);
        }
      }
      progress.update("verifying", ++done, entries.size());
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
      return Verification.notRun(notRun.reason() + "; planned: " + notRun.planned());
    }
    Optional<TokenIds> text = text(comparison);
    TokenIds ids = text.orElseGet(() -> random(vocabSize));
    int tokens = ids.batch_B() * ids.sequence_S();
    Path source = Path.of(plan.sources().getFirst());
    progress.update("comparing logits", 0, 2);
    float[] source_TV = runner.logits(source, ids, OptionalInt.empty());
    progress.update("comparing logits", 1, 2);
    RoutedLogits grown = runner.routedLogits(directory, ids);
    progress.update("comparing logits", 2, 2);
    LogitDifference fromSource = LogitDifference.between(source_TV, grown.logits(), tokens);
    if (!fromSource.isFinite()) {
      throw failed("logits", "are not finite, in the source or after growing");
    }
    LogitDifference fromPromise = fromPromise(runner, ids, grown.logits(), fromSource);
    return new Verification(
        fromPromise == null ? Verification.Word.STRUCTURE_VERIFIED : Verification.Word.VERIFIED,
        plan.stepZero() instanceof StepZero.NotExact(var reason)
            ? reason
            : plan.stepZero().toString(),
        fromPromise,
        fromSource,
        grown.siblingCoselection(),
        text.isPresent());
  }

  /**
   * How far the result is from what is promised; null where nothing is.
   *
   * @throws VerificationException if it is too far
   */
  private @Nullable LogitDifference fromPromise(
      ModelRunner runner, TokenIds ids, float[] grown_TV, LogitDifference fromSource) {
    int tokens = ids.batch_B() * ids.sequence_S();
    Path source = Path.of(plan.sources().getFirst());
    return switch (plan.stepZero()) {
      case StepZero.Exact() -> kept(fromSource);
      case StepZero.SourceAtTopK(int topK) -> {
        float[] promised_TV = runner.logits(source, ids, OptionalInt.of(topK));
        yield kept(LogitDifference.between(promised_TV, grown_TV, tokens));
      }
      case StepZero.NotExact _, StepZero.NotRun _ -> null;
    };
  }

  private LogitDifference kept(LogitDifference fromPromise) {
    double allowed = TOLERANCE * Math.max(1, fromPromise.largestLogit());
    if (!(fromPromise.largest() <= allowed)) {
      throw failed(
          "logits",
          "differ by up to %.3g where %.1g is allowed (%s; mean difference %.3g, KL %.3g)"
              .formatted(
                  fromPromise.largest(),
                  allowed,
                  plan.stepZero(),
                  fromPromise.mean(),
                  fromPromise.kl()));
    }
    return fromPromise;
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
