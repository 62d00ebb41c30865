package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A corpus directory: {@code tokenizer.json}, and for every domain the shards {@code
 * train/<domain>.safetensors} and {@code validation/<domain>.safetensors}, all made with that
 * tokenizer.
 */
public final class Corpus implements AutoCloseable {

  /**
   * One kind of text.
   *
   * @param name the domain's name, the same in file names and metadata
   */
  public record Domain(String name, TokenShard train, TokenShard validation) {}

  static final String SHARD_SUFFIX = ".safetensors";

  private static final String REMEDY =
      "write a corpus with `cambium corpus demo` or `cambium tokenize`";

  private final Path directory;
  private final TokenizerFile tokenizer;
  private final List<TokenShard> open = new ArrayList<>();
  private final List<Domain> domains = new ArrayList<>();

  private Corpus(Path directory, TokenizerFile tokenizer) {
    this.directory = directory;
    this.tokenizer = tokenizer;
  }

  /**
   * Opens a corpus and checks that its parts belong together.
   *
   * @throws CheckpointException if the tokenizer or a split is missing, or a shard is broken,
   *     misnamed, empty or made with another tokenizer
   */
  public static Corpus open(Path directory) {
    if (!Files.isDirectory(directory)) {
      throw new CheckpointException(directory, "no such directory", REMEDY);
    }
    Corpus corpus =
        new Corpus(directory, TokenizerFile.read(directory.resolve(TokenizerFile.NAME)));
    try {
      corpus.openDomains();
      return corpus;
    } catch (CheckpointException e) {
      corpus.close();
      throw e;
    }
  }

  /**
   * Opens several corpora as one.
   *
   * @throws CheckpointException as above, or if they differ in their tokenizer or share a domain
   */
  public static Corpus open(List<Path> directories) {
    Corpus joined = open(directories.getFirst());
    try {
      directories.subList(1, directories.size()).forEach(directory -> joined.add(open(directory)));
      return joined;
    } catch (CheckpointException e) {
      joined.close();
      throw e;
    }
  }

  private void add(Corpus other) {
    open.addAll(other.open);
    if (!other.tokenizer.sha256().equals(tokenizer.sha256())) {
      throw new CheckpointException(
          other.directory,
          "was made with another tokenizer than " + directory,
          "make both with the same one: `cambium tokenize --tokenizer`");
    }
    for (Domain domain : other.domains) {
      if (domains.stream().anyMatch(known -> known.name().equals(domain.name()))) {
        throw new CheckpointException(
            other.directory,
            "has a domain \"" + domain.name() + "\", as another corpus of the run has",
            "give the domains different names");
      }
      domains.add(domain);
    }
    domains.sort(Comparator.comparing(Domain::name));
  }

  /** Where a domain's shard lies in a corpus directory. */
  public static Path shardPath(Path directory, Split split, String domain) {
    return directory.resolve(split.folder()).resolve(domain + SHARD_SUFFIX);
  }

  public Path directory() {
    return directory;
  }

  /** The tokenizer of all shards. */
  public TokenizerFile tokenizer() {
    return tokenizer;
  }

  /** The domains, in the order of their names. */
  public List<Domain> domains() {
    return List.copyOf(domains);
  }

  @Override
  public void close() {
    open.forEach(TokenShard::close);
  }

  private void openDomains() {
    Set<String> names = names(Split.TRAIN);
    Set<String> validation = names(Split.VALIDATION);
    for (String name : validation) {
      if (!names.contains(name)) {
        throw missing(Split.TRAIN, name);
      }
    }
    for (String name : names) {
      if (!validation.contains(name)) {
        throw missing(Split.VALIDATION, name);
      }
      domains.add(new Domain(name, shard(Split.TRAIN, name), shard(Split.VALIDATION, name)));
    }
  }

  private CheckpointException missing(Split split, String domain) {
    return new CheckpointException(
        shardPath(directory, split, domain),
        "is missing: the domain has no " + split.folder() + " split",
        REMEDY);
  }

  private Set<String> names(Split split) {
    Path folder = directory.resolve(split.folder());
    if (!Files.isDirectory(folder)) {
      throw new CheckpointException(folder, "the corpus lacks this split", REMEDY);
    }
    try (Stream<Path> files = Files.list(folder)) {
      Set<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(SHARD_SUFFIX))
              .map(name -> name.substring(0, name.length() - SHARD_SUFFIX.length()))
              .collect(Collectors.toCollection(TreeSet::new));
      if (names.isEmpty()) {
        throw new CheckpointException(folder, "holds no token shard", REMEDY);
      }
      return names;
    } catch (IOException e) {
      throw new CheckpointException(folder, "cannot be listed: " + e, REMEDY, e);
    }
  }

  private TokenShard shard(Split split, String domain) {
    Path path = shardPath(directory, split, domain);
    TokenShard shard = TokenShard.open(path);
    open.add(shard);
    ShardInfo info = shard.info();
    if (!info.tokenizerSha256().equals(tokenizer.sha256())) {
      throw new CheckpointException(
          path,
          "was made with another tokenizer: SHA-256 "
              + info.tokenizerSha256()
              + ", not the "
              + tokenizer.sha256()
              + " of "
              + tokenizer.path(),
          "make all shards of a corpus in one call of `cambium tokenize`");
    }
    if (!info.domain().equals(domain) || info.split() != split) {
      throw new CheckpointException(
          path,
          "holds the " + info.split().folder() + " split of \"" + info.domain() + "\"",
          "name a shard as its metadata does");
    }
    if (shard.size() == 0) {
      throw new CheckpointException(path, "holds no token", REMEDY);
    }
    return shard;
  }
}
