/** Curves over steps. */

const STEP_GAP = 48;

/** Values before this share of the steps do not set the scale: they lie far above all others. */
const SETTLED = 0.2;

/** How many decimals tell steps of this size apart. */
const decimals = (step) => Math.max(0, Math.min(6, -Math.floor(Math.log10(step))));

/** Short numbers for an axis. */
function axisNumber(value, digits) {
  if (value !== 0 && Math.abs(value) < 1e-3) {
    return value.toExponential(1).replace("-", "\u2212");
  }
  return Math.abs(value) >= 1e4 ? number.fixed(value / 1e3, 0) + "k" : number.fixed(value, digits);
}

/** The lowest and highest settled value, with some air. */
function settledRange(lines, fromZero) {
  const from = SETTLED * Math.max(...lines.map((line) => line.curve.steps.at(-1) ?? 0));
  const values = lines.flatMap((line) =>
    line.curve.values.filter((value, i) => line.curve.steps[i] >= from),
  );
  const low = fromZero ? 0 : Math.min(...values);
  const high = Math.max(...values);
  const air = 0.06 * (high - low || Math.abs(high) || 1);
  return { min: fromZero ? 0 : low - air, max: high + air };
}

function stepAxis(width, labels) {
  return {
    type: "value",
    min: 0,
    max: labels.last,
    splitNumber: width < 420 ? 3 : 6,
    axisLabel: { color: color("muted"), showMaxLabel: false },
    axisLine: { onZero: false, lineStyle: { color: color("line") } },
    axisTick: { lineStyle: { color: color("line") } },
    splitLine: { show: false },
  };
}

function valueAxis({ min, max }, splitNumber) {
  const digits = decimals((max - min) / splitNumber);
  return {
    type: "value",
    min,
    max,
    splitNumber,
    axisLabel: {
      formatter: (value) => axisNumber(value, digits),
      showMinLabel: min === 0,
      showMaxLabel: false,
      color: color("muted"),
    },
    splitLine: { lineStyle: { color: color("line") } },
  };
}

/** Vertical lines where something happened. */
function marks(events) {
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    data: events.map((event) => ({
      xAxis: event.step,
      lineStyle:
        event.event === "alarm"
          ? { color: color("alarm"), type: "dotted", width: 1.5 }
          : { color: color("accent"), type: "dashed", width: 1.5 },
    })),
  };
}

/**
 * Draws curves.
 *
 * @param lines {name, color, curve {steps, values}}; those without points are left out
 * @param look title, events, last (step on the axis), fromZero, tall
 */
function lineChart(container, lines, look) {
  const drawn = lines.filter((line) => line.curve.values.length > 0);
  container.hidden = drawn.length === 0;
  if (container.hidden) {
    return;
  }
  const limits = settledRange(drawn, look.fromZero);
  const splitNumber = look.tall ? 5 : 3;
  const digits = decimals((limits.max - limits.min) / splitNumber) + 1;
  const ends = drawn.map(
    (line) => `${line.name} ${axisNumber(line.curve.values.at(-1), digits)}`,
  );
  chart(container, "svg", `${look.title}: ${ends.join("; ")}.`, (width) => ({
    textStyle: { fontFamily: "inherit" },
    grid: { left: STEP_GAP, right: 14, top: 10, bottom: 26 },
    xAxis: stepAxis(width, look),
    yAxis: valueAxis(limits, splitNumber),
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: color("card"),
      borderColor: color("line"),
      textStyle: { color: color("ink"), fontSize: 13 },
      formatter: (hits) =>
        element(
          "div",
          {},
          "step " + number.whole(hits[0].value[0]),
          ...hits.map((hit) =>
            element("div", {}, `${hit.seriesName}: ${axisNumber(hit.value[1], digits)}`),
          ),
        ),
    },
    series: drawn.map((line, i) => ({
      name: line.name,
      type: "line",
      data: line.curve.steps.map((step, at) => [step, line.curve.values[at]]),
      showSymbol: line.curve.values.length === 1,
      clip: true,
      lineStyle: { color: color(line.color), width: line.thin ? 1.2 : 2 },
      itemStyle: { color: color(line.color) },
      markLine: i === 0 ? marks(look.events) : undefined,
    })),
  }));
}
