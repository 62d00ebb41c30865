package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** A fetched jar, read entry by entry in the order of their names. */
record Jar(Path path) {

  /**
   * The content of every entry with such a name. The caller closes the stream.
   *
   * @throws CheckpointException if the jar is broken or holds no such entry
   */
  Stream<byte[]> entries(Predicate<String> name) {
    ZipFile zip = open();
    List<? extends ZipEntry> entries =
        zip.stream()
            .filter(entry -> !entry.isDirectory() && name.test(entry.getName()))
            .sorted(Comparator.comparing(ZipEntry::getName))
            .toList();
    if (entries.isEmpty()) {
      close(zip);
      throw broken("lacks the text that the corpus takes from it", null);
    }
    return entries.stream().map(entry -> bytes(zip, entry)).onClose(() -> close(zip));
  }

  private ZipFile open() {
    try {
      return new ZipFile(path.toFile());
    } catch (IOException e) {
      throw broken("is no jar: " + e, e);
    }
  }

  private byte[] bytes(ZipFile zip, ZipEntry entry) {
    try (InputStream in = zip.getInputStream(entry)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw broken("cannot be read at " + entry.getName() + ": " + e, e);
    }
  }

  private void close(ZipFile zip) {
    try {
      zip.close();
    } catch (IOException e) {
      throw broken("cannot be closed: " + e, e);
    }
  }

  private CheckpointException broken(String what, @Nullable IOException cause) {
    String remedy = "delete " + path.getParent() + ", and it is fetched again";
    return cause == null
        ? new CheckpointException(path, what, remedy)
        : new CheckpointException(path, what, remedy, cause);
  }
}
