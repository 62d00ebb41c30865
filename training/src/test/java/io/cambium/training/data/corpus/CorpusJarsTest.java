package io.cambium.training.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusJarsTest {

  @TempDir Path folder;

  @BeforeEach
  void writePom() throws IOException {
    Files.writeString(Files.createDirectory(folder.resolve("corpus")).resolve("pom.xml"), "<x/>");
  }

  private CorpusJars jars(String searchPath) {
    return new CorpusJars(
        Map.of(
            "CAMBIUM_HOME", folder.toString(),
            "CAMBIUM_CACHE", folder.resolve("cache").toString(),
            "PATH", searchPath));
  }

  @Test
  void asksForTheLauncher() {
    assertThatThrownBy(() -> new CorpusJars(Map.of()).fetch(CorpusJars.TEXTS, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll("CAMBIUM_HOME", "./cambium");
  }

  @Test
  void asksForMavenAndLeavesNothing() {
    assertThatThrownBy(() -> jars("").fetch(CorpusJars.TEXTS, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll("Maven is not in the search path", "install Maven");
    assertThat(folder.resolve("cache").resolve("corpus")).isEmptyDirectory();
  }

  @Test
  void takesWhatIsInTheCache() throws IOException {
    Path cached =
        Files.createDirectories(
            folder
                .resolve("cache")
                .resolve("corpus")
                .resolve(
                    Checksums.sha256(folder.resolve("corpus").resolve("pom.xml"))
                        .substring(0, 12)));
    assertThat(jars("").fetch(CorpusJars.TEXTS, Progress.NONE)).isEqualTo(cached);
  }

  @Test
  void findsAJarWhateverItsVersion() throws IOException {
    Files.createFile(folder.resolve("lucene-core-9.12.0-sources.jar"));
    Files.createFile(folder.resolve("lucene-core-extra-9.12.0.jar"));
    assertThat(CorpusJars.jar(folder, "lucene-core").path())
        .hasFileName("lucene-core-9.12.0-sources.jar");
    assertThatThrownBy(() -> CorpusJars.jar(folder, "guava"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll("lacks the jar of guava", "fetched again");
  }
}
