package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

  @TempDir private Path folder;

  @Test
  void replacesAFileAndLeavesNothingElse() throws IOException {
    Path file = folder.resolve("results.json");
    AtomicFile.write(file, "one");
    AtomicFile.write(file, "another");
    assertThat(file).hasContent("another");
    assertThat(folder).isDirectoryNotContaining("glob:**.partial");
  }

  @Test
  void whatALinkPointsToIsReplaced() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "one");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    AtomicFile.write(link, "another");
    assertThat(link).isSymbolicLink();
    assertThat(file).hasContent("another");
  }

  /** A directory in its way lets nothing be renamed to its name. */
  @Test
  void whatCannotBeWrittenLeavesWhatWasThere() throws IOException {
    Path occupied = Files.createDirectories(folder.resolve("occupied/by"));
    assertThatThrownBy(() -> AtomicFile.write(folder.resolve("occupied"), "one"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("occupied: cannot be written");
    assertThat(occupied).exists();
    assertThat(folder.resolve("occupied.partial")).doesNotExist();
  }
}
