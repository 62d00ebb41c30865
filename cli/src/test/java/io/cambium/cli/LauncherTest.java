package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real launcher in a source tree of its own, with a JDK and a Maven that only say what they
 * would do.
 */
@EnabledOnOs({OS.LINUX, OS.MAC})
class LauncherTest {

  private static final String JAVA =
      """
      #!/bin/sh
      for argument in "$@"; do echo "<$argument>"; done
      echo "threads=$OMP_NUM_THREADS kernel=${OPENBLAS_CORETYPE-none} home=$CAMBIUM_HOME"
      exit 7
      """;

  /** Appends a letter for every build, which takes a moment. */
  private static final String MAVEN =
      """
      #!/bin/sh
      sleep 0.3
      printf b >>builds
      echo "$@" >>arguments
      [ ! -f broken ] || { echo "[ERROR] Model.java: ';' expected"; exit 1; }
      mkdir -p cli/target/classes/io/cambium/cli
      echo version=1 >cli/target/classes/io/cambium/cli/version.properties
      echo jar >cli/target/cambium-cli-1.jar
      echo old >cli/target/cambium-cli-0.jar
      printf %s "$PWD/pom.xml" >cli/target/classpath.txt
      """;

  @TempDir private Path directory;
  private Path home;
  private Path jdk;

  @BeforeEach
  void writeTree() throws IOException {
    home = Files.createDirectories(directory.resolve("a tree/cambium")).toRealPath();
    jdk = directory.resolve("a jdk");
    Path root = Path.of("..").toAbsolutePath().normalize();
    write(home.resolve("cambium"), Files.readString(root.resolve("cambium")));
    for (String part : List.of("jdk.sh", "build.sh")) {
      Path script = Path.of("cli/launcher", part);
      write(home.resolve(script), Files.readString(root.resolve(script)));
    }
    write(home.resolve("pom.xml"), "<project/>");
    write(home.resolve("cli/pom.xml"), "<project/>");
    write(home.resolve("cli/src/main/Main.java"), "class Main {}");
    write(directory.resolve("bin/mvn"), MAVEN);
    write(jdk.resolve("bin/javac"), "");
    write(jdk.resolve("bin/java"), JAVA);
    write(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
  }

  @Test
  void buildsOnFirstUseAndForwardsArgumentsAndExitCode() throws Exception {
    Result first = launch(home.resolve("cambium").toString(), "train", "a b", "", "*");
    assertThat(first.output()).contains("building Cambium (first use");
    assertThat(first.output()).contains("<io.cambium.cli.Cambium>\n<train>\n<a b>\n<>\n<*>\n");
    assertThat(first.output()).contains("threads=1 kernel=none home=" + home);
    assertThat(first.exitCode()).isEqualTo(7);
    assertThat(launch(home.resolve("cambium").toString()).output()).doesNotContain("building");
    assertThat(home.resolve("cli/target/launcher/lib")).isDirectoryContaining("glob:**-1.jar");
    assertThat(home.resolve("cli/target/launcher/lib")).isDirectoryNotContaining("glob:**-0.jar");
    assertThat(builds()).isEqualTo(1);
  }

  /** Their time goes into starting, and into nothing that is worth compiling well. */
  @Test
  void shortCommandsAreCompiledQuickly() throws Exception {
    String launcher = home.resolve("cambium").toString();
    String quick = "<-XX:TieredStopAtLevel=1>";
    assertThat(launch(launcher, "--help").output()).contains(quick);
    assertThat(launch(launcher, "train", "--help").output()).contains(quick);
    assertThat(launch(launcher, "inspect", "--check", "model").output()).contains(quick);
    assertThat(launch(launcher, "inspect", "--checksums", "x").output()).doesNotContain(quick);
    assertThat(launch(launcher, "train", "run.yaml").output()).doesNotContain(quick);
  }

  @Test
  void buildsAgainWhereSourcesAreNewer() throws Exception {
    launch(home.resolve("cambium").toString());
    Files.setLastModifiedTime(
        home.resolve("cli/src/main/Main.java"), FileTime.from(Instant.now().plusSeconds(60)));
    assertThat(launch(home.resolve("cambium").toString()).output())
        .contains("sources have changed");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void buildsAgainWhereALibraryIsGone() throws Exception {
    launch(home.resolve("cambium").toString());
    Files.writeString(home.resolve("cli/target/launcher/classpath.txt"), "/none.jar:/nor.jar");
    launch(home.resolve("cambium").toString());
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void launchersAtOnceBuildOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(process(Map.of(), home.resolve("cambium").toString()));
    }
    for (Process process : processes) {
      assertThat(result(process).exitCode()).isEqualTo(7);
    }
    assertThat(builds()).isEqualTo(1);
    assertThat(home.resolve("cli/target/launcher.lock")).doesNotExist();
  }

  @Test
  void takesOverALockWhoseOwnerIsGone() throws Exception {
    lockBy(output("uname", "-n"));
    assertThat(launch(home.resolve("cambium").toString()).exitCode()).isEqualTo(7);
  }

  /** Where several machines share the directory. */
  @Test
  void waitsForABuildOnAnotherMachine() throws Exception {
    Path lock = lockBy("another");
    Process waiting = process(Map.of(), home.resolve("cambium").toString());
    assertThat(waiting.waitFor(3, TimeUnit.SECONDS)).isFalse();
    Files.delete(lock.resolve("owner"));
    Files.delete(lock);
    assertThat(result(waiting).exitCode()).isEqualTo(7);
  }

  /** A lock of a process that has ended. */
  private Path lockBy(String host) throws Exception {
    Process gone = new ProcessBuilder("sh", "-c", "exit").start();
    gone.waitFor();
    Path lock = home.resolve("cli/target/launcher.lock");
    write(lock.resolve("owner"), gone.pid() + " " + host + "\n");
    return lock;
  }

  private static String output(String... command) throws IOException {
    try (InputStream output = new ProcessBuilder(command).start().getInputStream()) {
      return new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }

  @Test
  void worksThroughLinks() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link"), home.resolve("cambium"));
    Path second = Files.createSymbolicLink(directory.resolve("bin/cambium"), Path.of("../link"));
    assertThat(launch(link.toString()).exitCode()).isEqualTo(7);
    assertThat(launch(second.toString()).output()).contains("home=" + home);
  }

  @Test
  void failedBuildShowsWhyAndLeavesNothing() throws Exception {
    write(home.resolve("broken"), "");
    Result failed = launch(home.resolve("cambium").toString());
    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.output()).contains("';' expected", "error: the build failed");
    assertThat(home.resolve("cli/target/launcher")).doesNotExist();
    Files.delete(home.resolve("broken"));
    assertThat(launch(home.resolve("cambium").toString()).exitCode()).isEqualTo(7);
  }

  @Test
  void findsTheJdkOnThePath() throws Exception {
    Files.createSymbolicLink(directory.resolve("bin/java"), jdk.resolve("bin/java"));
    Map<String, String> environment = Map.of("CAMBIUM_JAVA_HOME", "", "JAVA_HOME", "/none");
    Process process = process(environment, home.resolve("cambium").toString());
    assertThat(result(process).exitCode()).isEqualTo(7);
  }

  @Test
  void refusesAnotherJdk() throws Exception {
    write(jdk.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
    Result refused = launch(home.resolve("cambium").toString());
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.output())
        .isEqualTo("error: CAMBIUM_JAVA_HOME is " + jdk + ", which is no JDK 25\n");
  }

  @Test
  void buildsAndRunsWithMklWhereAskedTo() throws Exception {
    Map<String, String> mkl = Map.of("CAMBIUM_BLAS", "mkl");
    String launcher = home.resolve("cambium").toString();
    assertThat(launch(launcher).output()).doesNotContain("mkl");
    assertThat(Files.readString(home.resolve("arguments"))).doesNotContain("mkl");
    assertThat(result(process(mkl, launcher)).output())
        .contains("building Cambium", "<-Dorg.bytedeco.openblas.load=mkl_rt>", "/launcher-mkl/");
    assertThat(Files.readString(home.resolve("arguments"))).contains("-Pmkl");
    assertThat(launch(launcher).output()).doesNotContain("building");
    assertThat(result(process(mkl, launcher)).output()).doesNotContain("building");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void leavesEverythingToOpenBlasWhereAskedTo() throws Exception {
    String launcher = home.resolve("cambium").toString();
    assertThat(launch(launcher).output()).doesNotContain("io.cambium.products");
    Map<String, String> openblas = Map.of("CAMBIUM_BLAS", "openblas");
    assertThat(result(process(openblas, launcher)).output())
        .contains("<-Dio.cambium.products=blas>")
        .doesNotContain("building");
  }

  @Test
  void refusesABlasItDoesNotKnow() throws Exception {
    Map<String, String> atlas = Map.of("CAMBIUM_BLAS", "atlas");
    Result refused = result(process(atlas, home.resolve("cambium").toString()));
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.output())
        .contains("CAMBIUM_BLAS is atlas", "set it to openblas or mkl, or unset it");
  }

  private record Result(int exitCode, String output) {}

  private Result launch(String... command) throws Exception {
    return result(process(Map.of(), command));
  }

  private Process process(Map<String, String> environment, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.redirectErrorStream(true);
    builder.environment().merge("PATH", directory.resolve("bin") + ":", (path, bin) -> bin + path);
    builder.environment().put("CAMBIUM_JAVA_HOME", jdk.toString());
    builder.environment().remove("CAMBIUM_BLAS");
    builder.environment().put("OPENBLAS_CORETYPE", "Haswell");
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Result result(Process process) throws Exception {
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Result(process.exitValue(), output);
  }

  private long builds() throws IOException {
    return Files.size(home.resolve("builds"));
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
