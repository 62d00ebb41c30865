/** Losses over tokens: all models, the difference to not growing, and one panel for each domain. */

const ungrown = data.curves.find((arm) => arm.role === "FIXED_E");

/** The growths to mark: of those at one place the one whose release is the longest. */
const transitions = data.curves
  .flatMap((arm) => arm.growths)
  .sort((a, b) => b.released - a.released)
  .filter((growth, i, all) => all.findIndex((other) => other.tokens === growth.tokens) === i);
const totalTokens = Math.max(...data.curves.map((arm) => arm.validation.tokens.at(-1)));

/** Points before this share of the tokens do not set the scale: they lie far above all others. */
const SETTLED = 0.2;

/** Where the scale of differences begins: at the first growth, or where the losses have settled. */
const differFrom = Math.min(
  ...(transitions.length > 0 ? transitions.map(({ tokens }) => tokens) : [SETTLED * totalTokens]),
);

/** A curve as the points of a chart. */
const points = ({ tokens, values }) => tokens.map((at, i) => [at, values[i]]);

/** A curve minus the ungrown model's, where both have a point. */
function difference(curve, baseline) {
  const at = new Map(points(baseline));
  return points(curve)
    .filter(([tokens]) => at.has(tokens))
    .map(([tokens, value]) => [tokens, value - at.get(tokens)]);
}

/** The lowest and highest value that counts, with some air. */
function range(lines, from) {
  const values = lines.flatMap((line) =>
    line.points.filter(([at]) => at >= from).map(([, v]) => v),
  );
  const low = Math.min(...values);
  const high = Math.max(...values);
  const air = 0.06 * (high - low || 1);
  return { min: low - air, max: high + air };
}

/** How many decimals tell steps of this size apart. */
const decimals = (step) => Math.max(0, -Math.floor(Math.log10(step)));

function tokenAxis(width, name) {
  return {
    ...valueAxis(width, name, (at) => number.short(at)),
    max: totalTokens,
  };
}

/** A horizontal axis of numbers. */
function valueAxis(width, name, formatter) {
  return {
    type: "value",
    name,
    nameLocation: "middle",
    nameGap: 28,
    splitNumber: width < 420 ? 3 : 6,
    axisLabel: {
      formatter,
      showMaxLabel: false,
      color: color("muted"),
    },
    axisLine: { onZero: false, lineStyle: { color: color("line") } },
    axisTick: { lineStyle: { color: color("line") } },
    splitLine: { show: false },
    nameTextStyle: { color: color("muted") },
  };
}

function lossAxis(name, { min, max }, digits) {
  return {
    type: "value",
    min,
    max,
    name,
    nameLocation: "end",
    nameTextStyle: { color: color("muted"), align: "left", padding: [0, 0, 0, -40] },
    axisLabel: {
      formatter: (value) => number.fixed(value, digits),
      showMinLabel: false,
      showMaxLabel: false,
      color: color("muted"),
    },
    splitLine: { lineStyle: { color: color("line") } },
  };
}

/** Where the model grows, and the stretch over which the growth is released. */
function marks(labels) {
  const label = (named, position, text) => ({
    show: named,
    formatter: text,
    position: "insideEndTop",
    rotate: 0,
    align: position,
    padding: [0, 6],
    distance: 0,
    color: color("muted"),
  });
  return {
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { color: color("accent"), width: 1.25, type: "solid" },
      data: transitions.flatMap(({ tokens, released }) => {
        const named = labels && tokens === differFrom; // the first: further ones may be too close
        return [
          { xAxis: tokens, label: label(named, "right", "grows") },
          ...(released > tokens
            ? [{ xAxis: released, lineStyle: { type: [2, 3] }, label: label(named, "left", "released") }]
            : []),
        ];
      }),
    },
    markArea: {
      silent: true,
      itemStyle: { color: color("window") },
      data: transitions.map(({ tokens, released }) => [{ xAxis: tokens }, { xAxis: released }]),
    },
  };
}

function series(line, labels, first) {
  return {
    type: "line",
    // The default, but ECharts 5.3 warns on hover where it is not named.
    zlevel: 0,
    name: line.arm.name,
    data: line.points,
    symbol: "circle",
    symbolSize: 4,
    showSymbol: line.points.length === 1,
    clip: true,
    itemStyle: { color: color(line.arm.role) },
    lineStyle: {
      color: color(line.arm.role),
      width: line.arm.role === "UPCYCLED" ? 2.5 : 1.75,
      type: stroke(line.arm.role).length ? stroke(line.arm.role) : "solid",
    },
    ...(first && transitions.length > 0 && marks(labels)),
  };
}

function tooltip(lines, digits, signed, across) {
  const format = signed ? number.signed : number.fixed;
  return {
    trigger: "axis",
    confine: true,
    backgroundColor: color("card"),
    borderColor: color("line"),
    textStyle: { color: color("ink"), fontSize: 13 },
    axisPointer: { lineStyle: { color: color("muted"), type: "solid" } },
    formatter: (hits) =>
      element(
        "div",
        {},
        across(hits[0].value[0]),
        ...hits.map((hit) =>
          element(
            "div",
            {},
            swatch(lines[hit.seriesIndex].arm.role),
            `${hit.seriesName}: ${format(hit.value[1], digits)}`,
          ),
        ),
      ),
  };
}

/**
 * @param candidates arms with their points; those that have none are left out
 * @param look name and range of the loss axis, signed numbers or not, labels or not; and where it
 *   is not tokens, what lies across: x(width) an axis, across(value) in words
 */
function lineChart(container, title, candidates, look) {
  const lines = candidates.filter((line) => line.points.length > 0);
  const ends = lines.map(
    (line) => `${line.arm.name} ends at ${number.fixed(line.points.at(-1)[1], 3)}`,
  );
  const limits = look.range ?? range(lines, SETTLED * totalTokens);
  const splitNumber = look.labels ? 5 : 3;
  const digits = decimals((limits.max - limits.min) / splitNumber);
  chart(container, "svg", `${title}: ${ends.join("; ")}.`, (width) => ({
    textStyle: { fontFamily: "inherit" },
    grid: { left: 50, right: 12, top: look.labels ? 42 : 14, bottom: look.labels ? 48 : 24 },
    xAxis: look.x ? look.x(width) : tokenAxis(width, look.labels ? "training tokens" : ""),
    yAxis: { ...lossAxis(look.axis, limits, digits), splitNumber },
    tooltip: tooltip(
      lines,
      Math.max(3, digits + 1),
      look.signed,
      look.across ?? ((at) => number.millions(at) + " tokens"),
    ),
    series: lines.map((line, i) => series(line, look.labels, i === 0 && !look.x)),
  }));
}

function losses() {
  legend(byId("arms-legend"), data.curves);
  const lines = {
    validation: (arm) => points(arm.validation),
    train: (arm) => points(arm.train),
  };
  const titles = { validation: "Validation loss", train: "Training loss, smoothed" };
  switcher(
    byId("loss-switch"),
    "Which loss",
    [
      ["validation", "Validation"],
      ["train", "Training, smoothed"],
    ],
    (kind) =>
      lineChart(
        byId("loss-chart"),
        titles[kind],
        data.curves.map((arm) => ({ arm, points: lines[kind](arm) })),
        { axis: "nats per token", labels: true },
      ),
  );
  if (ungrown) {
    differences(
      ungrown.name,
      data.curves.map((arm) => ({ arm, points: difference(arm.validation, ungrown.validation) })),
    );
  } else if (data.differences) {
    const { against, lines } = data.differences;
    differences(
      against,
      lines.map((line) => ({
        arm: { ...line, name: `${line.name}, seeds: ${line.seeds}` },
        points: points(line.curve),
      })),
    );
  } else {
    byId("difference-chart").closest("figure").remove();
  }
  costs();
}

/** Validation loss against what the model had cost by then. */
function costs() {
  const kinds = {
    expert_steps: ["expert-steps", (at) => number.short(at), (at) => number.whole(at)],
    seconds: ["minutes of training", (at) => number.fixed(at / 60, 1), number.time],
  };
  const lines = (kind) =>
    data.curves.map((arm) => ({
      arm,
      points: arm.cost[kind].map((at, i) => [at, arm.validation.values[i]]),
    }));
  const kept = ({ arm, points: all }) => ({
    arm,
    points: all.filter((_, i) => arm.validation.tokens[i] >= SETTLED * totalTokens),
  });
  switcher(
    byId("cost-switch"),
    "Which cost",
    [
      ["expert_steps", "Expert-steps"],
      ["seconds", "Wall time"],
    ],
    (kind) => {
      const [name, label, words] = kinds[kind];
      lineChart(byId("cost-chart"), `Validation loss against ${name}`, lines(kind), {
        axis: "nats per token",
        labels: true,
        range: range(lines(kind).map(kept), 0),
        x: (width) => valueAxis(width, name, label),
        across: (at) => `${words(at)} ${kind === "seconds" ? "min" : name}`,
      });
    },
  );
}

/** @param lines of the models that there are, each minus one of them */
function differences(against, lines) {
  byId("difference-title").textContent = `Difference to ${against}`;
  byId("difference-caption").textContent =
    `Validation loss minus that of \u201c${against}\u201d, at equal tokens` +
    (data.differences ? ", mean over the seeds that both have" : "") +
    ": below zero is better." +
    (transitions.length > 0 ? " A hump before the release is complete is the price of a growth." : "");
  legend(
    byId("difference-legend"),
    lines.map((line) => line.arm),
  );
  lineChart(byId("difference-chart"), `Difference to ${against}`, lines, {
    axis: "nats per token",
    signed: true,
    labels: true,
    range: range(lines, differFrom),
  });
}

function domains() {
  const names = [...new Set(data.curves.flatMap((arm) => Object.keys(arm.domains)))];
  const panels = names.map((domain) => {
    const container = element("div", { class: "chart" });
    byId("domain-charts").append(
      element("figure", {}, element("figcaption", {}, element("h3", {}, domain)), container),
    );
    return { domain, container };
  });
  byId("domains-caption").textContent =
    "Validation loss of each domain in nats per token, over training tokens. " +
    "Each panel has a scale of its own." +
    (ungrown ? " Models that are followed through the window only are left out." : "");
  const arms = data.curves.filter((arm) => arm.role !== "OBSERVED");
  legend(byId("domains-legend"), arms);
  const lines = {
    loss: (arm, domain) => (arm.domains[domain] ? points(arm.domains[domain]) : []),
    difference: (arm, domain) => difference(arm.domains[domain], ungrown.domains[domain]),
  };
  const show = (kind) =>
    panels.forEach(({ domain, container }) => {
      const drawn = arms.map((arm) => ({ arm, points: lines[kind](arm, domain) }));
      const signed = kind === "difference";
      lineChart(container, `${domain}, ${kind}`, drawn, {
        axis: "",
        signed,
        labels: false,
        ...(signed && { range: range(drawn, differFrom) }),
      });
    });
  if (!ungrown) {
    byId("domains-switch").remove();
    show("loss");
    return;
  }
  switcher(
    byId("domains-switch"),
    "Which loss",
    [
      ["difference", "Difference to not growing"],
      ["loss", "Loss"],
    ],
    show,
  );
}
