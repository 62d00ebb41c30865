package io.cambium.upcycle.plan;

import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.engine.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** A plan for people. */
final class PlanText {

  private static final int SHOWN_TENSORS = 3;

  private final UpcyclePlan plan;
  private final List<String> lines = new ArrayList<>();

  private PlanText(UpcyclePlan plan) {
    this.plan = plan;
  }

  static String of(UpcyclePlan plan) {
    PlanText text = new PlanText(plan);
    text.add();
    return String.join("\n", text.lines) + "\n";
  }

  private void add() {
    lines.add("Growing " + String.join(" and ", plan.sources()) + " into " + plan.target());
    line("family", plan.family());
    plan.settings().forEach(this::line);
    line("per layer", experts());
    RealisedText.of(plan.manifest()).ifPresent(text -> line("copies", text));
    line("step 0", plan.stepZero().toString());
    line("parameters", change(ModelSize::parameters) + ", embeddings counted");
    line("per token", change(ModelSize::activeParameters));
    line("bytes", bytes());
    line("memory", memory());
    line("time", time());
    engines();
    line("files", plan.copiedFiles().isEmpty() ? "none" : String.join(", ", plan.copiedFiles()));
    leftOut();
    plan.warnings().forEach(warning -> lines.add("warning: " + warning));
  }

  private void line(String name, String value) {
    lines.add(String.format(Locale.ROOT, "  %-11s %s", name, value));
  }

  private String change(ToLongFunction<ModelSize> size) {
    return String.format(
        Locale.ROOT,
        "%,d -> %,d",
        size.applyAsLong(plan.figures().source()),
        size.applyAsLong(plan.figures().target()));
  }

  private String bytes() {
    String weights = change(ModelSize::bytes);
    return plan.optimizer().isEmpty()
        ? weights
        : weights
            + String.format(
                Locale.ROOT, ", and %,d of optimizer state", plan.figures().optimizerBytes());
  }

  /** Layers with as many experts together. */
  private String experts() {
    Map<Integer, List<Integer>> layersByExperts = new TreeMap<>();
    plan.figures()
        .experts()
        .forEach((layer, experts) ->
            layersByExperts.computeIfAbsent(experts, _ -> new ArrayList<>()).add(layer));
    return layersByExperts.entrySet().stream()
        .map(same -> same.getKey() + " experts in layers " + ranges(same.getValue()))
        .collect(Collectors.joining("; "));
  }

  /** Ascending numbers, such as {@code 0 2-5 8}. */
  private static String ranges(List<Integer> numbers) {
    StringBuilder text = new StringBuilder();
    for (int from = 0, to; from < numbers.size(); from = to + 1) {
      to = from;
      while (to + 1 < numbers.size() && numbers.get(to + 1) == numbers.get(to) + 1) {
        to++;
      }
      text.append(text.isEmpty() ? "" : " ").append(numbers.get(from));
      if (to > from) {
        text.append('-').append(numbers.get(to));
      }
    }
    return text.toString();
  }

  private String memory() {
    Cost cost = plan.figures().cost();
    return String.format(
        Locale.ROOT,
        "at most %s to write, %s to compare logits (%s where that takes fp64), beside mapped files",
        megabytes(cost.writingBytes()),
        megabytes(cost.comparingBytes()),
        megabytes(cost.comparingTwiceBytes()));
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", (bytes + 999_999) / 1_000_000);
  }

  private String time() {
    return String.format(
        Locale.ROOT,
        "about %,d s, if results are written and read back at %s/s and %,d weights/s are computed;"
            + " then the logits",
        plan.figures().cost().seconds(),
        megabytes(Cost.BYTES_PER_SECOND),
        Cost.WEIGHTS_PER_SECOND);
  }

  private void engines() {
    String name = "runs on";
    for (Map.Entry<Engine, Verdict> entry : plan.engines().entrySet()) {
      String asked = plan.runsOn().contains(entry.getKey()) ? " (asked for)" : "";
      line(name, entry.getKey() + asked + ": " + entry.getValue());
      name = "";
    }
  }

  private void leftOut() {
    Map<String, List<String>> namesByReason = new LinkedHashMap<>();
    plan.leftOut()
        .forEach((name, reason) ->
            namesByReason.computeIfAbsent(reason, _ -> new ArrayList<>()).add(name));
    namesByReason.forEach((reason, names) -> {
      int shown = Math.min(SHOWN_TENSORS, names.size());
      String more = names.size() > shown ? " and " + (names.size() - shown) + " more" : "";
      line("left out", String.join(", ", names.subList(0, shown)) + more + " (" + reason + ")");
    });
  }
}
