package io.cambium.upcycle.engine;

import io.cambium.upcycle.engine.Verdict.Word;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The verdicts of the engines that a user asked for. */
public final class Engines {

  private Engines() {}

  /** The gravest word of any. */
  public static Word gravest(Map<Engine, Verdict> verdicts, List<Engine> asked) {
    return asked.stream()
        .map(engine -> Objects.requireNonNull(verdicts.get(engine)).word())
        .max(Word::compareTo)
        .orElse(Word.RUNS);
  }

  /** Who refuses, and why. */
  public static List<String> refusals(Map<Engine, Verdict> verdicts, List<Engine> asked) {
    return because(verdicts, asked, List.of(Word.REFUSED));
  }

  /** Who runs it with a limit, or was not seen to run it. */
  public static List<String> warnings(Map<Engine, Verdict> verdicts, List<Engine> asked) {
    return because(verdicts, asked, List.of(Word.WARNED, Word.NOT_VERIFIED));
  }

  private static List<String> because(
      Map<Engine, Verdict> verdicts, List<Engine> asked, List<Word> words) {
    return asked.stream()
        .filter(engine -> words.contains(Objects.requireNonNull(verdicts.get(engine)).word()))
        .map(engine -> engine + ": " + verdicts.get(engine))
        .toList();
  }
}
