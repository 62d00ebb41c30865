package io.cambium.upcycle;

import io.cambium.checkpoint.Manifest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    Manifest.Growth growth = plan.growth();
    lines.add("Growing " + plan.source() + " into " + plan.target());
    line("family", plan.family());
    line("experts", experts());
    counts();
    line("mode", growth.mode() + holdBack());
    line("rows", growth.rows() + amount(", delta", growth.rowDelta()));
    line("replicas", growth.replicas() + amount(", rate", growth.dropRate()) + noise());
    line("moments", plan.optimizer().isEmpty() ? "no training state" : growth.moments());
    line("seed", Long.toString(growth.seed()));
    line("step 0", plan.stepZero().toString());
    line("parameters", change(ModelSize::parameters) + ", embeddings counted");
    line("per token", change(ModelSize::activeParameters));
    line("bytes", bytes());
    line("files", plan.copiedFiles().isEmpty() ? "none" : String.join(", ", plan.copiedFiles()));
    leftOut();
    plan.warnings().forEach(warning -> lines.add("warning: " + warning));
  }

  private void line(String name, String value) {
    lines.add(String.format(Locale.ROOT, "  %-11s %s", name, value));
  }

  private String experts() {
    ModelSize source = plan.figures().source();
    ModelSize target = plan.figures().target();
    return "%d -> %d in each of %d layers, top-%d%s"
        .formatted(
            source.experts(),
            target.experts(),
            plan.counts().size(),
            source.topK(),
            source.topK() == target.topK() ? " stays" : " -> top-" + target.topK());
  }

  /** One line for all layers with the same counts. */
  private void counts() {
    Map<List<Integer>, List<Integer>> layersByCounts = new LinkedHashMap<>();
    plan.counts()
        .forEach((layer, counts) ->
            layersByCounts.computeIfAbsent(counts, _ -> new ArrayList<>()).add(layer));
    layersByCounts.forEach(
        (counts, layers) -> line("counts", "layers " + joined(layers) + ": " + joined(counts)));
  }

  private static String joined(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  private String holdBack() {
    return plan.selection() == null ? "" : amount(", hold-back", plan.selection().holdBack());
  }

  private String noise() {
    return amount(", bias noise", plan.growth().biasNoise());
  }

  private static String amount(String name, double value) {
    return value == 0 ? "" : name + " " + value;
  }

  private interface Size {
    long of(ModelSize size);
  }

  private String change(Size size) {
    return String.format(
        Locale.ROOT,
        "%,d -> %,d",
        size.of(plan.figures().source()),
        size.of(plan.figures().target()));
  }

  private String bytes() {
    String weights = change(ModelSize::bytes);
    return plan.optimizer().isEmpty()
        ? weights
        : weights
            + String.format(
                Locale.ROOT, ", and %,d of optimizer state", plan.figures().optimizerBytes());
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
