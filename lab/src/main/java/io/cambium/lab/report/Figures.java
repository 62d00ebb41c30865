package io.cambium.lab.report;

import io.cambium.lab.figure.Figure;
import io.cambium.lab.figure.Figure.HeatMap;
import io.cambium.lab.figure.Figure.Line;
import io.cambium.lab.figure.Figure.Lines;
import io.cambium.lab.figure.Figure.Node;
import io.cambium.lab.figure.Figure.Tree;
import io.cambium.lab.report.Curves.Curve;
import io.cambium.lab.report.ExpertHistory.Lineage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The figures of a report, with the numbers that its page draws. */
public final class Figures {

  private static final String TOKENS = "training tokens";
  private static final String NATS = "nats per token";

  /** A domain prefers an expert that gets this many times an even share of its tokens. */
  private static final double PREFERRED = 1.5;

  private final ReportData data;

  private Figures(ReportData data) {
    this.data = data;
  }

  /** All that have something to show. */
  public static List<Figure> of(ReportData data) {
    Figures figures = new Figures(data);
    List<Figure> all = new ArrayList<>();
    all.add(figures.overTokens("loss-validation", "Validation loss", NATS, Curves::validation));
    all.add(figures.overTokens("loss-training", "Training loss, smoothed", NATS, Curves::train));
    if (data.differences() != null) {
      all.add(figures.differences(data.differences()));
    }
    all.add(figures.cost("cost-expert-steps", "expert-steps", c -> doubles(c.expertSteps())));
    all.add(figures.cost("cost-seconds", "seconds of training", Curves.Cost::seconds));
    Slugs domains = new Slugs(figures.domains());
    figures
        .domains()
        .forEach(domain ->
            all.add(
                figures.overTokens(
                    "domain-" + domains.of(domain),
                    "Validation loss: " + domain,
                    NATS,
                    curves -> curves.domains().get(domain))));
    if (data.curves().stream().anyMatch(curves -> !curves.coselection().tokens().isEmpty())) {
      all.add(
          figures.overTokens(
              "coselection", "Sibling co-selection", "share of tokens", Curves::coselection));
    }
    Slugs models = new Slugs(data.experts().stream().map(ExpertHistory::name).toList());
    data.experts().forEach(model -> all.addAll(ofModel(model, models.of(model.name()))));
    return all;
  }

  private static List<Figure> ofModel(ExpertHistory model, String slug) {
    List<Figure> all = new ArrayList<>();
    for (int i = 0; i < model.lineage().size(); i++) {
      String suffix = "-" + slug + "-layer-" + model.lineage().get(i).layer();
      all.add(load("load" + suffix, model, i));
      if (!model.routing().domains().isEmpty()) {
        all.add(specialisation("specialisation" + suffix, model, i));
      }
      if (!model.lineage().get(i).parents().isEmpty()) {
        all.add(lineage("lineage" + suffix, model, i));
      }
    }
    if (!model.siblings().isEmpty()) {
      List<Line> lines =
          model.siblings().stream()
              .map(siblings -> line("layer " + siblings.layer(), siblings.cosine()))
              .toList();
      all.add(
          new Lines(
              "divergence-" + slug,
              model.name() + ": cosine between the weights of siblings",
              TOKENS,
              "cosine",
              lines,
              List.of()));
    }
    return all;
  }

  private Set<String> domains() {
    return data.curves().stream()
        .flatMap(curves -> curves.domains().keySet().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Lines overTokens(
      String name, String title, String y, Function<Curves, @Nullable Curve> curve) {
    List<Line> lines = new ArrayList<>();
    for (Curves curves : data.curves()) {
      Curve own = curve.apply(curves);
      if (own != null && !own.tokens().isEmpty()) {
        lines.add(line(curves.name(), own));
      }
    }
    return new Lines(name, title, TOKENS, y, lines, growths());
  }

  private Lines differences(Differences differences) {
    return new Lines(
        "difference",
        "Validation loss minus that of " + differences.against() + ", mean over seeds",
        TOKENS,
        NATS,
        differences.lines().stream()
            .map(line -> line(line.name() + ", seeds: " + line.seeds(), line.curve()))
            .toList(),
        growths());
  }

  private static Line line(String name, Curve curve) {
    return new Line(name, doubles(curve.tokens()), curve.values());
  }

  private List<Double> growths() {
    return data.curves().stream()
        .flatMap(curves -> curves.growths().stream())
        .map(growth -> (double) growth.tokens())
        .distinct()
        .toList();
  }

  private Lines cost(String name, String x, Function<Curves.Cost, List<Double>> cost) {
    List<Line> lines =
        data.curves().stream()
            .map(curves ->
                new Line(curves.name(), cost.apply(curves.cost()), curves.validation().values()))
            .toList();
    return new Lines(name, "Validation loss against cost", x, NATS, lines, List.of());
  }

  /** Rows are the experts at the end, siblings side by side. */
  private static HeatMap load(String name, ExpertHistory model, int layer) {
    Lineage lineage = model.lineage().get(layer);
    List<List<Integer>> rows = rows(lineage);
    List<LoadOverTime> stretches = model.load();
    double[][] value = new double[rows.size()][stretches.size()];
    for (int row = 0; row < rows.size(); row++) {
      for (int column = 0; column < stretches.size(); column++) {
        List<Double> load_E = stretches.get(column).load().get(layer);
        int expert = inStretch(rows.get(row), lineage, load_E.size());
        value[row][column] = expert < 0 ? Double.NaN : load_E.get(expert);
      }
    }
    return new HeatMap(
        name,
        model.name() + ", layer " + lineage.layer() + ": load against an even one",
        "training tokens until",
        stretches.stream().map(s -> Long.toString(s.tokens())).toList(),
        "expert",
        labels(rows),
        "share of the layer's assignments relative to an even one",
        value,
        1);
  }

  private static HeatMap specialisation(String name, ExpertHistory model, int layer) {
    Lineage lineage = model.lineage().get(layer);
    List<List<Integer>> rows = rows(lineage);
    List<List<Double>> share = model.routing().share().get(layer);
    double[][] value = new double[rows.size()][share.size()];
    for (int row = 0; row < rows.size(); row++) {
      for (int domain = 0; domain < share.size(); domain++) {
        value[row][domain] = share.get(domain).get(rows.get(row).getLast()) * rows.size();
      }
    }
    return new HeatMap(
        name,
        model.name() + ", layer " + lineage.layer() + ": domains against an even share",
        "domain",
        model.routing().domains(),
        "expert",
        labels(rows),
        "share of the domain's assignments relative to an even one",
        value,
        2);
  }

  /** For each expert of today its ancestors, oldest first, and itself; siblings side by side. */
  private static List<List<Integer>> rows(Lineage lineage) {
    List<List<Integer>> rows = new ArrayList<>();
    for (int expert = 0; expert < lineage.experts(); expert++) {
      List<Integer> chain = new ArrayList<>(List.of(expert));
      for (List<Integer> parents : lineage.parents().reversed()) {
        chain.addFirst(parents.get(chain.getFirst()));
      }
      rows.add(chain);
    }
    Comparator<List<Integer>> order = Comparator.comparing(List::getFirst);
    for (int level = 1; level <= lineage.parents().size(); level++) {
      int at = level;
      order = order.thenComparing(chain -> chain.get(at));
    }
    rows.sort(order);
    return rows;
  }

  /** The ancestor among so many experts; -1 where the lineage knows no such number. */
  private static int inStretch(List<Integer> chain, Lineage lineage, int experts) {
    for (int level = lineage.parents().size(); level >= 0; level--) {
      int here =
          level == lineage.parents().size()
              ? lineage.experts()
              : level == 0
                  ? (int) lineage.parents().getFirst().stream().distinct().count()
                  : lineage.parents().get(level - 1).size();
      if (here == experts) {
        return chain.get(level);
      }
    }
    return -1;
  }

  private static List<String> labels(List<List<Integer>> rows) {
    return rows.stream()
        .map(chain -> chain.stream().map(String::valueOf).collect(Collectors.joining(" > ")))
        .toList();
  }

  private static Tree lineage(String name, ExpertHistory model, int layer) {
    Lineage lineage = model.lineage().get(layer);
    List<List<Integer>> rows = rows(lineage);
    return new Tree(
        name,
        model.name() + ", layer " + lineage.layer() + ": lineages and the domains they serve",
        rows.stream()
            .map(List::getFirst)
            .distinct()
            .map(root -> node(model, layer, rows, List.of(root)))
            .toList());
  }

  private static Node node(
      ExpertHistory model, int layer, List<List<Integer>> rows, List<Integer> path) {
    List<List<Integer>> below =
        rows.stream().filter(chain -> chain.subList(0, path.size()).equals(path)).toList();
    boolean leaf = path.size() == rows.getFirst().size();
    List<Node> children =
        leaf
            ? List.of()
            : below.stream()
                .map(chain -> chain.subList(0, path.size() + 1))
                .distinct()
                .map(child -> node(model, layer, rows, child))
                .toList();
    String label = (path.size() == 1 ? "source " : "expert ") + path.getLast();
    return new Node(label, leaf ? preferences(model, layer, path.getLast()) : "", children);
  }

  private static String preferences(ExpertHistory model, int layer, int expert) {
    List<List<Double>> share = model.routing().share().get(layer);
    return IntStream.range(0, share.size())
        .boxed()
        .filter(domain -> relative(share, domain, expert) >= PREFERRED)
        .sorted(Comparator.comparingDouble(domain -> -relative(share, domain, expert)))
        .map(domain ->
            String.format(
                Locale.ROOT,
                "%s %.1fx",
                model.routing().domains().get(domain),
                relative(share, domain, expert)))
        .collect(Collectors.joining("  "));
  }

  private static double relative(List<List<Double>> share, int domain, int expert) {
    return share.get(domain).get(expert) * share.get(domain).size();
  }

  private static List<Double> doubles(List<Long> values) {
    return values.stream().map(Long::doubleValue).toList();
  }
}
