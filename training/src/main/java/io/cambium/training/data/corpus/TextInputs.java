package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A user's files, sorted into domains. Files of a directory that are neither {@code .txt} nor
 * {@code .jsonl} are left out and counted.
 */
public final class TextInputs {

  /** The domain of files that nobody gave another. */
  public static final String DEFAULT_DOMAIN = "text";

  private final SortedMap<String, List<Path>> filesByDomain = new TreeMap<>();
  private int leftOut;

  /**
   * Adds a file, or a directory with all below it.
   *
   * @param domain the domain of the text; else that of a file is the folder just below the
   *     directory that holds it, or {@value #DEFAULT_DOMAIN}
   * @throws UsageException if there is no such file, or nothing in it that can be read as text
   */
  public void add(Path input, Optional<String> domain) {
    if (Files.isDirectory(input)) {
      addDirectory(input, domain);
    } else if (Files.exists(input) && TextFormat.knows(input)) {
      addFile(input, domain.orElse(DEFAULT_DOMAIN));
    } else {
      throw Files.exists(input)
          ? new UsageException(input, "is neither .txt nor .jsonl", "rename or convert it")
          : new UsageException(input, "no such file or directory", null);
    }
  }

  /** One source for each domain, in the order of their names. */
  public List<DomainSource> sources(TextFormat format) {
    List<DomainSource> sources = new ArrayList<>();
    filesByDomain.forEach((domain, files) -> sources.add(new FileSource(domain, files, format)));
    return sources;
  }

  /** Files that were passed over, as they are neither {@code .txt} nor {@code .jsonl}. */
  public int leftOut() {
    return leftOut;
  }

  private void addDirectory(Path directory, Optional<String> domain) {
    List<Path> files = filesBelow(directory);
    List<Path> known = files.stream().filter(TextFormat::knows).toList();
    if (known.isEmpty()) {
      throw new UsageException(
          directory, "holds no .txt or .jsonl file, also not further down", null);
    }
    leftOut += files.size() - known.size();
    for (Path file : known) {
      Path below = directory.relativize(file);
      String folder = below.getNameCount() > 1 ? below.getName(0).toString() : DEFAULT_DOMAIN;
      addFile(file, domain.orElse(folder));
    }
  }

  /** In an order that is the same on every system. */
  private static List<Path> filesBelow(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      return paths
          .filter(Files::isRegularFile)
          .sorted(
              Comparator.comparing(
                  path -> directory.relativize(path).toString().replace('\\', '/')))
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new CheckpointException(directory, "cannot be listed: " + e, null, e);
    }
  }

  private void addFile(Path file, String domain) {
    filesByDomain.computeIfAbsent(domain, unseen -> new ArrayList<>()).add(file);
  }
}
