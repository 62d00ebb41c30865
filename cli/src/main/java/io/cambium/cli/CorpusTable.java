package io.cambium.cli;

import io.cambium.training.data.corpus.CorpusFacts;
import io.cambium.training.data.corpus.CorpusFacts.DomainFacts;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;

/** What a corpus holds, a line for each domain. */
final class CorpusTable {

  private static final String HEADING = "%-16s %10s %9s %13s %18s%n";
  private static final String ROW = "%-16s %,10d %9.1f %,13d %,18d%n";
  private static final double MEGABYTE = 1e6;

  private CorpusTable() {}

  static void print(CorpusFacts facts, Path directory, PrintWriter out) {
    out.printf(HEADING, "domain", "documents", "MB", "train tokens", "validation tokens");
    facts.domains().forEach((name, domain) -> print(name, domain, out));
    out.printf(
        Locale.ROOT,
        "%s: %,d tokens to train on, vocabulary of %,d%n",
        directory,
        facts.trainTokens(),
        facts.vocabSize());
    out.flush();
  }

  private static void print(String name, DomainFacts domain, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        ROW,
        name,
        domain.train().documents() + domain.validation().documents(),
        (domain.train().bytes() + domain.validation().bytes()) / MEGABYTE,
        domain.train().tokens(),
        domain.validation().tokens());
  }
}
