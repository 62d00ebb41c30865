package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The jars that a POM in {@code corpus/} lists, fetched by Maven once and kept in a cache: {@code
 * CAMBIUM_CACHE}, else the user's cache directory. Another list of jars has another place in it.
 */
final class CorpusJars {

  /** Lists the texts of the demo's corpus. */
  static final String TEXTS = "pom.xml";

  /** Lists what questions are made of beside them. */
  static final String QUESTIONS = "questions.xml";

  private static final int HASH_DIGITS = 12;
  private static final int SHOWN_LINES = 15;

  private final Map<String, String> environment;

  /**
   * @param environment variables of the process: CAMBIUM_HOME, CAMBIUM_CACHE, PATH and others
   */
  CorpusJars(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * Makes sure that the jars are there; gives their directory.
   *
   * @throws CambiumException if Maven is missing or cannot fetch them
   */
  Path fetch(String pomName, Progress progress) {
    Path pom = Path.of(required("CAMBIUM_HOME")).resolve("corpus").resolve(pomName);
    Path jars = cache().resolve("corpus").resolve(Checksums.sha256(pom).substring(0, HASH_DIGITS));
    if (Files.isDirectory(jars)) {
      return jars;
    }
    progress.update("fetching the corpus from Maven Central", 0, 1);
    try (StagedDirectory staged = StagedDirectory.create(jars, false)) {
      runMaven(pom, staged.path());
      staged.commit();
    }
    progress.update("fetching the corpus from Maven Central", 1, 1);
    return jars;
  }

  /** The jar of an artifact, whatever its version. */
  static Jar jar(Path directory, String artifact) {
    Predicate<Path> named =
        file -> file.getFileName().toString().matches(Pattern.quote(artifact) + "-\\d.*\\.jar");
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(named)
          .findFirst()
          .map(Jar::new)
          .orElseThrow(() -> incomplete(directory, "lacks the jar of " + artifact, null));
    } catch (IOException e) {
      throw incomplete(directory, "cannot be listed: " + e, e);
    }
  }

  private static CheckpointException incomplete(
      Path directory, String what, @Nullable IOException cause) {
    String remedy = "delete the directory, and it is fetched again";
    return cause == null
        ? new CheckpointException(directory, what, remedy)
        : new CheckpointException(directory, what, remedy, cause);
  }

  private Path cache() {
    String chosen = environment.get("CAMBIUM_CACHE");
    if (chosen != null) {
      return Path.of(chosen);
    }
    String windows = environment.get("LOCALAPPDATA");
    return windows == null
        ? Path.of(System.getProperty("user.home"), ".cache", "cambium")
        : Path.of(windows, "cambium");
  }

  private String required(String variable) {
    String value = environment.get(variable);
    if (value == null) {
      throw new UsageException(
          variable, "is not set", "start Cambium with its launcher, ./cambium");
    }
    return value;
  }

  private void runMaven(Path pom, Path output) {
    List<String> command =
        List.of(
            maven().toString(),
            "--batch-mode",
            "--quiet",
            "-Dstyle.color=never",
            "--file",
            pom.toString(),
            "dependency:copy-dependencies",
            "-DoutputDirectory=" + output);
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw notFetched(pom, "Maven could not fetch the jars:\n" + lastLines(log), null);
      }
    } catch (IOException e) {
      throw notFetched(pom, "Maven could not be run: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notFetched(pom, "interrupted while Maven fetched the jars", e);
    }
  }

  /** Maven's program in the search path; Windows has it as {@code mvn.cmd}. */
  private Path maven() {
    return Arrays.stream(environment.getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(directory -> !directory.isEmpty())
        .flatMap(
            directory -> Stream.of("mvn.cmd", "mvn").map(name -> Path.of(directory).resolve(name)))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() ->
            new UsageException(
                "mvn",
                "Maven is not in the search path, and the corpus comes from Maven Central",
                "install Maven 3.8 or newer"));
  }

  private static CheckpointException notFetched(Path pom, String what, @Nullable Exception cause) {
    String remedy = "Maven Central must be reachable once; after that the jars are in a cache";
    return cause == null
        ? new CheckpointException(pom, what, remedy)
        : new CheckpointException(pom, what, remedy, cause);
  }

  private static String lastLines(String log) {
    List<String> lines = log.lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
  }
}
