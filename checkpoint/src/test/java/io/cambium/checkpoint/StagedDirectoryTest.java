package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagedDirectoryTest {

  @TempDir Path temporary;

  private static void put(Path directory, String text) throws IOException {
    Files.createDirectories(directory.resolve("sub"));
    Files.writeString(directory.resolve("sub").resolve("file"), text);
  }

  private static String text(Path directory) throws IOException {
    return Files.readString(directory.resolve("sub").resolve("file"));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void refuses(Path target, boolean overwrite, String message) {
    assertThatThrownBy(() -> StagedDirectory.create(target, overwrite))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(message);
  }

  @Test
  void appearsWhenItIsComplete() throws IOException {
    Path target = temporary.resolve("a").resolve("b");
    try (StagedDirectory staged = StagedDirectory.create(target, false)) {
      put(staged.path(), "new");
      assertThat(target).doesNotExist();
      staged.commit();
      assertThat(text(target)).isEqualTo("new");
    }
    assertThat(temporary.resolve("a").toFile().list()).containsExactly("b");
  }

  @Test
  void leavesNothingWhenItIsNotCommitted() throws IOException {
    try (StagedDirectory staged = StagedDirectory.create(temporary.resolve("b"), false)) {
      put(staged.path(), "new");
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void removesWhatACrashLeft() throws IOException {
    put(temporary.resolve("b.partial"), "stale");
    try (StagedDirectory staged = StagedDirectory.create(temporary.resolve("b"), false)) {
      assertThat(staged.path()).isEmptyDirectory();
      staged.commit();
    }
    assertThat(names()).containsExactly("b");
  }

  @Test
  void anExistingTargetIsReplacedOnlyWhenAllowedAndAtTheEnd() throws IOException {
    Path target = temporary.resolve("b");
    put(target, "old");
    Files.writeString(target.resolve("more"), "old");
    refuses(target, false, "exists already");
    try (StagedDirectory staged = StagedDirectory.create(target, true)) {
      put(staged.path(), "new");
    }
    assertThat(text(target)).isEqualTo("old");
    try (StagedDirectory staged = StagedDirectory.create(target, true)) {
      put(staged.path(), "new");
      assertThat(text(target)).isEqualTo("old");
      staged.commit();
    }
    assertThat(text(target)).isEqualTo("new");
    assertThat(target.resolve("more")).doesNotExist();
    assertThat(names()).containsExactly("b");
  }

  @Test
  void aTargetThatAppearsMeanwhileIsKept() throws IOException {
    Path target = temporary.resolve("b");
    try (StagedDirectory staged = StagedDirectory.create(target, false)) {
      put(target, "another's");
      assertThatThrownBy(staged::commit)
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("exists already");
    }
    assertThat(text(target)).isEqualTo("another's");
    assertThat(names()).containsExactly("b");
  }

  @Test
  void aFileOrABrokenLinkIsNeverReplaced() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "mine");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("nowhere"));
    refuses(file, false, "exists already");
    refuses(file, true, "is no directory");
    refuses(link, false, "exists already");
    refuses(link, true, "is no directory");
    assertThat(file).hasContent("mine");
    assertThat(names()).containsExactly("file", "link");
  }

  @Test
  void workingAndHomeDirectoryAreNeverReplaced() {
    for (String directory : List.of("", ".", "..", "/", System.getProperty("user.home"))) {
      refuses(Path.of(directory), true, "is not overwritten");
    }
  }

  @Test
  void aLinkToADirectoryStaysALink() throws IOException {
    put(temporary.resolve("real"), "old");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("real"));
    try (StagedDirectory staged = StagedDirectory.create(link, true)) {
      put(staged.path(), "new");
      staged.commit();
    }
    assertThat(link).isSymbolicLink();
    assertThat(text(temporary.resolve("real"))).isEqualTo("new");
    assertThat(names()).containsExactly("link", "real");
  }

  /** The parent of a link is not the parent of the directory it points to. */
  @Test
  void parentsMayBeLinks() throws IOException {
    Files.createDirectories(temporary.resolve("x").resolve("y"));
    Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("x", "y"));
    for (Path target : List.of(link.resolve("in"), link.resolve("..").resolve("beside"))) {
      try (StagedDirectory staged = StagedDirectory.create(target, false)) {
        staged.commit();
      }
      assertThat(target).isDirectory();
    }
    assertThat(temporary.resolve("x").resolve("y").resolve("in")).isDirectory();
    assertThat(temporary.resolve("x").resolve("beside")).isDirectory();
    assertThat(names()).containsExactly("link", "x");
  }

  @Test
  void deletingFollowsNoLinks() throws IOException {
    put(temporary.resolve("kept"), "mine");
    Path tree = Files.createDirectory(temporary.resolve("tree"));
    Files.createSymbolicLink(tree.resolve("link"), temporary.resolve("kept"));
    StagedDirectory.deleteTree(tree);
    StagedDirectory.deleteTree(tree);
    assertThat(text(temporary.resolve("kept"))).isEqualTo("mine");
    assertThat(names()).containsExactly("kept");
  }
}
