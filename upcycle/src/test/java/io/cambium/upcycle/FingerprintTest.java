package io.cambium.upcycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.Progress;
import io.cambium.upcycle.Execution.Check;
import io.cambium.upcycle.Execution.Unfinished;
import io.cambium.upcycle.ledger.Unit;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A failure here asks for another {@link Fingerprint#WRITER}: what is half written does not fit.
 */
class FingerprintTest {

  @TempDir Path folder;

  /** The journal names every unit, with the checksum of its bytes. */
  @Test
  void whatIsWrittenAndHowIsThisVersions() throws IOException {
    ConversionExample example = ConversionExample.small(folder);
    Progress stopping =
        (what, done, total) -> {
          if (what.equals("verifying")) {
            throw new IllegalStateException("all is written");
          }
        };
    Execution alone = new Execution(1, Unfinished.REFUSE, Check.BYTES);
    assertThatThrownBy(() -> example.convert("duplicate-noise", alone, stopping))
        .hasMessage("all is written");
    String journal = Files.readString(example.staging().resolve(Journal.FILE));
    assertThat(Fingerprint.WRITER).isEqualTo(3);
    assertThat(sha256(journal.lines().skip(1).collect(Collectors.joining("\n"))))
        .isEqualTo("0749180ef4bf17dcb62f73bb4ee6dc42f332dbb34f46fa5eef675b0104a7a15c");
  }

  @Test
  void whatAPlanIsCutIntoIsThisVersions() throws IOException {
    ConversionExample example =
        new ConversionExample(
            DenseExamples.llama(folder.resolve("source"), 1, 512, 4352), folder.resolve("moe"));
    StringBuilder units = new StringBuilder();
    for (String init : List.of("copy", "duplicate-noise")) {
      try (PlannedUpcycle planned = example.plan(init)) {
        Unit.of(planned.plan().weights(), _ -> Optional.empty())
            .forEach(unit ->
                units.append(unit.entries().getFirst().target().name()).append(unit.range()));
      }
    }
    assertThat(Fingerprint.WRITER).isEqualTo(3);
    assertThat(sha256(units.toString()))
        .isEqualTo("7881a2b8c14352238c34651f5bf1e17c9c77ec4efcea14ef260c53641f9f6781");
  }

  private static String sha256(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Checksums.sha256(List.of(MemorySegment.ofArray(bytes)));
  }
}
