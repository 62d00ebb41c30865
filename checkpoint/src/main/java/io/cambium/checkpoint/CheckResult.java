package io.cambium.checkpoint;

import io.cambium.checkpoint.FaultKind.Severity;
import java.nio.file.Path;
import java.util.List;

/**
 * What a check found.
 *
 * @param files weight files that could be opened
 * @param tensors in them
 * @param findings faults and warnings
 */
public record CheckResult(Path directory, int files, int tensors, List<Fault> findings) {

  public CheckResult {
    findings = List.copyOf(findings);
  }

  /** How many are of that severity. */
  public long count(Severity severity) {
    return findings.stream().filter(fault -> fault.kind().severity() == severity).count();
  }
}
