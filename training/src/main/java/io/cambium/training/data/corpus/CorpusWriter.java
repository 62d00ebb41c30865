package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.Split;
import io.cambium.training.data.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;

/**
 * Writes a corpus directory: splits every domain, finds or trains the tokenizer, and makes the
 * token shards on all cores. The same documents and settings give the same bytes; memory is bounded
 * by the longest documents, not by the corpus, which is read two or three times.
 *
 * @param validationShare share of every domain's documents that is held out, between 0 and 1; small
 *     domains give more (see {@link Survey})
 * @param seed which documents a tokenizer is trained on
 */
public record CorpusWriter(
    List<? extends DomainSource> sources,
    Vocabulary vocabulary,
    double validationShare,
    long seed,
    Progress progress) {

  /** What is held out where nobody says otherwise. */
  public static final double DEFAULT_VALIDATION_SHARE = 0.05;

  private static final Pattern DOMAIN_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");

  /**
   * @throws UsageException if the share or a domain's name cannot be used
   */
  public CorpusWriter {
    sources = List.copyOf(sources);
    if (sources.isEmpty()) {
      throw new UsageException(
          null, "there is no text to write", "name files or directories of .txt or .jsonl");
    }
    if (!(validationShare > 0 && validationShare < 1)) {
      throw new UsageException(
          "validation share " + validationShare, "is not between 0 and 1", "take 0.05");
    }
    Set<String> names = new HashSet<>();
    for (DomainSource source : sources) {
      if (!names.add(source.domain())) {
        throw new UsageException("domain " + source.domain(), "is given twice", null);
      }
      if (!DOMAIN_NAME.matcher(source.domain()).matches()) {
        throw new UsageException(
            "domain \"" + source.domain() + "\"",
            "cannot be the name of a file",
            "use letters, digits, dots, dashes and underscores");
      }
    }
  }

  /**
   * Writes the directory.
   *
   * @param overwrite whether an existing directory may be replaced
   * @throws UsageException if the target exists, or a domain has too little text
   * @throws CheckpointException if the tokenizer cannot be read or the disk refuses
   */
  public CorpusFacts write(Path target, boolean overwrite) {
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      CorpusFacts facts = writeInto(staged.path());
      staged.commit();
      return facts;
    } catch (IOException e) {
      throw new CheckpointException(
          target, "cannot be written: " + e, "check free space and permissions", e);
    }
  }

  /** Writes all files of the corpus into an empty directory. */
  CorpusFacts writeInto(Path directory) throws IOException {
    Map<DomainSource, Survey> surveys = new LinkedHashMap<>();
    for (DomainSource source : sources) {
      progress.update("reading the text", surveys.size(), sources.size());
      surveys.put(source, Survey.of(source, validationShare));
    }
    progress.update("reading the text", sources.size(), sources.size());
    Path tokenizerPath =
        switch (vocabulary) {
          case Vocabulary.Existing existing -> existing.copyTo(directory);
          case Vocabulary.Trained trained ->
              new TokenizerTraining(trained, seed, progress).run(surveys, directory);
        };
    for (Split split : Split.values()) {
      Files.createDirectory(directory.resolve(split.folder()));
    }
    try (Tokenizer tokenizer = Tokenizer.load(tokenizerPath)) {
      CorpusFacts facts =
          new CorpusFacts(
              tokenizer.vocabSize(),
              tokenizer.sha256(),
              writeShards(surveys, new DomainShards(tokenizer, directory)));
      facts.write(directory);
      return facts;
    }
  }

  private SortedMap<String, CorpusFacts.DomainFacts> writeShards(
      Map<DomainSource, Survey> surveys, DomainShards shards) {
    long total = surveys.values().stream().mapToLong(Survey::bytes).sum();
    AtomicLong done = new AtomicLong();
    LongConsumer report = bytes -> progress.update("making tokens", done.addAndGet(bytes), total);
    SortedMap<String, CorpusFacts.DomainFacts> facts = new TreeMap<>();
    surveys.forEach(
        (source, survey) -> facts.put(source.domain(), shards.write(source, survey, report)));
    return facts;
  }
}
