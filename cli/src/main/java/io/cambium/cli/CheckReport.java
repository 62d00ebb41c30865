package io.cambium.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.CheckResult;
import io.cambium.checkpoint.Fault;
import io.cambium.checkpoint.FaultKind;
import io.cambium.checkpoint.FaultKind.Severity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * What a check found, for people as text and for programs as this record.
 *
 * @param files weight files that could be opened
 * @param tensors in them
 */
record CheckReport(
    String directory, int files, int tensors, long faults, long warnings, List<Finding> findings) {

  private static final int MAX_LISTED = 8;

  /**
   * One fault or warning.
   *
   * @param engines what each engine makes of it; empty where that is beside the point
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  record Finding(
      Severity severity,
      FaultKind kind,
      String place,
      String what,
      String remedy,
      SortedMap<String, String> engines) {

    private static Finding of(Fault fault) {
      return new Finding(
          fault.kind().severity(),
          fault.kind(),
          fault.place(),
          fault.what(),
          fault.remedy(),
          fault.kind().engines());
    }
  }

  static CheckReport of(CheckResult result) {
    return new CheckReport(
        result.directory().toString(),
        result.files(),
        result.tensors(),
        result.count(Severity.FAULT),
        result.count(Severity.WARNING),
        result.findings().stream().map(Finding::of).toList());
  }

  /** Findings of one kind under each other, the remedy and the engines once. */
  String text() {
    StringBuilder text = new StringBuilder();
    Map<FaultKind, List<Finding>> byKind = new LinkedHashMap<>();
    findings.forEach(f -> byKind.computeIfAbsent(f.kind(), _ -> new ArrayList<>()).add(f));
    byKind.forEach((kind, ofKind) -> addKind(text, kind, ofKind));
    return text.append(
            "%s: %s, %s; %s in %s%n"
                .formatted(
                    directory,
                    counted(faults, "fault"),
                    counted(warnings, "warning"),
                    counted(tensors, "tensor"),
                    counted(files, "file")))
        .toString();
  }

  private static void addKind(StringBuilder text, FaultKind kind, List<Finding> ofKind) {
    text.append("%s: %s%n".formatted(kind.severity(), kind));
    ofKind.stream()
        .limit(MAX_LISTED)
        .forEach(f -> text.append("  %s: %s%n".formatted(f.place(), f.what())));
    if (ofKind.size() > MAX_LISTED) {
      text.append("  and %d more%n".formatted(ofKind.size() - MAX_LISTED));
    }
    text.append("  -> %s%n".formatted(ofKind.getFirst().remedy()));
    kind.engines()
        .forEach((engine, does) -> text.append("     %-14s %s%n".formatted(engine, does)));
    text.append('\n');
  }

  private static String counted(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }
}
