package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * What makes two conversions the same.
 *
 * @param writer {@link #WRITER} of the program
 * @param plan SHA-256 of what is written: every formula with its seed, config.json, the manifest,
 *     computed directions, names of copied files
 * @param sources SHA-256 of size and date of every file that is read, source by source, or of the
 *     revision on a Hub
 */
record Fingerprint(int writer, String plan, String sources) {

  /**
   * Raised whenever the same plan becomes other bytes or other units: with the sizes that a plan is
   * cut into, batches that something is drawn or computed in, generators, the journal's form.
   */
  static final int WRITER = 3;

  static Fingerprint of(UpcyclePlan plan, Directions directions, List<SourceCheckpoint> sources) {
    List<Object> written =
        List.of(
            WRITER,
            plan.weights(),
            plan.optimizer(),
            plan.config(),
            plan.manifest(),
            plan.copiedFiles(),
            sha256(directions));
    // In their order: a plan tells them apart by number alone.
    return new Fingerprint(
        WRITER, sha256(written), sha256(sources.stream().map(Fingerprint::read).toList()));
  }

  private static SortedMap<String, String> read(SourceCheckpoint source) {
    SortedMap<String, String> read = new TreeMap<>();
    if (source.origin().isRevision()) {
      read.put(source.origin().path().toString(), "revision");
    } else {
      source.files().forEach(file -> read.put(file.toString(), sizeAndDate(file)));
    }
    return read;
  }

  private static String sha256(Object value) {
    return Checksums.sha256(List.of(MemorySegment.ofArray(Json.bytes(value))));
  }

  /** Of each by itself, since gradients may be as many as weights. */
  private static SortedMap<String, String> sha256(Directions directions) {
    SortedMap<String, String> tensors = new TreeMap<>();
    directions
        .tensors()
        .forEach((name, values) ->
            tensors.put(name, Checksums.sha256(List.of(Floats.write(values.data(), DType.F32)))));
    return tensors;
  }

  private static String sizeAndDate(Path file) {
    try {
      return Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  /**
   * Asks whether a journal is one of this program's, before anything else in it is read.
   *
   * @param first its first line
   * @throws UsageException if another version wrote it
   */
  static void requireWriter(JsonNode first, Path journal) {
    int begun = first.path("writer").asInt(0);
    if (begun != WRITER) {
      throw new UsageException(
          journal.getParent(),
          "was begun by another version of Cambium, whose pieces do not fit (writer "
              + begun
              + ", this is "
              + WRITER
              + ")",
          "finish it with that version, or begin anew with --overwrite");
    }
  }

  /**
   * Compares with what was begun.
   *
   * @throws UsageException if that was another conversion
   */
  void requireSame(Fingerprint begun, Path journal) {
    requireSame(plan, begun.plan, "options, or with another version of Cambium", journal);
    requireSame(sources, begun.sources, "source files, or with several in another order", journal);
  }

  private static void requireSame(String now, String begun, String what, Path journal) {
    if (!now.equals(begun)) {
      throw new UsageException(
          journal.getParent(),
          "was begun with other " + what,
          "repeat the command that began it with --resume, or begin anew with --overwrite");
    }
  }
}
