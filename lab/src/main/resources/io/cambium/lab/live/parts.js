/** The parts of the page that are no curves. */

const tile = (label, value, detail) =>
  element(
    "div",
    {},
    element("dt", {}, label),
    element("dd", { class: "value" }, value),
    element("dd", { class: "detail" }, detail),
  );

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function duration(seconds) {
  const hours = Math.floor(seconds / 3600);
  return hours === 0
    ? number.time(seconds)
    : `${hours}:${number.time(seconds - 3600 * hours).padStart(5, "0")}`;
}

function header({ run, steps, latest, pace }) {
  const name = run.split("/").filter((part) => part !== "").at(-1) ?? run;
  byId("run").textContent = name;
  document.title = latest === null ? name : `${name}: step ${latest.step}`;
  const bar = byId("progress");
  const done = latest?.step ?? 0;
  bar.setAttribute("aria-valuenow", done);
  bar.setAttribute("aria-valuemax", steps);
  bar.firstElementChild.style.width = `${(100 * done) / Math.max(1, steps)}%`;
  const left = pace === null || done >= steps ? "" : `, ${duration(pace.seconds_left)} left`;
  byId("lede").textContent =
    latest === null
      ? "No step yet."
      : `Step ${number.whole(done)} of ${number.whole(steps)}${left}. ` +
        `${number.millions(latest.tokens)} tokens.`;
}

function tiles({ latest, pace, evaluation, layers }) {
  if (latest === null) {
    return;
  }
  const experts = layers[0]?.load.length ?? 0;
  const dead = layers.reduce((sum, layer) => sum + layer.balance.dead.length, 0);
  byId("tiles").replaceChildren(
    tile("Training loss", number.fixed(latest.loss, 3), "nats per token"),
    evaluation === null
      ? tile("Validation loss", "\u2013", "not evaluated yet")
      : tile(
          "Validation loss",
          number.fixed(evaluation.mean_loss, 3),
          `at step ${number.whole(evaluation.step)}`,
        ),
    pace === null
      ? tile("Speed", "\u2013", "tokens per second")
      : tile(
          "Speed",
          number.whole(Math.round(pace.tokens_per_second)),
          `tokens per second, ${pace.seconds_per_step.toFixed(2)} s a step`,
        ),
    tile(
      "Experts",
      String(experts),
      `in each of ${layers.length} layers, ${dead === 0 ? "none" : dead} dead`,
    ),
  );
}

/** The newest first; rebuilt only where there is something new, so that a reader keeps the place. */
let shownEvents = "";

function eventList({ events }) {
  const key = JSON.stringify(events);
  if (key === shownEvents) {
    return;
  }
  shownEvents = key;
  byId("events").hidden = events.length === 0;
  byId("event-list").replaceChildren(
    ...events.toReversed().map((event) => (event.event === "alarm" ? alarm(event) : growth(event))),
  );
}

const alarm = (event) =>
  element(
    "li",
    { class: "alarm" },
    element("strong", {}, `Step ${number.whole(event.step)}: ${event.alarm.replaceAll("_", " ")}`),
    event.message,
    element("small", {}, event.remedy + (event.stops ? ". The run was stopped." : ".")),
  );

const growth = (event) =>
  element(
    "li",
    {},
    element("strong", {}, `Step ${number.whole(event.step)}: grown`),
    `from ${event.source_experts} to ${event.target_experts} experts (${event.mode}), ` +
      `validation loss ${number.fixed(event.loss_before, 4)} \u2192 ` +
      number.fixed(event.loss_after, 4),
  );

/** The router health summary of the last evaluation. */
function health({ evaluation }) {
  if (evaluation === null || evaluation.health.length === 0) {
    return;
  }
  const layers = evaluation.health;
  const balance = (field) => layers.map((layer) => layer.balance[field]);
  const uneven = evaluation.unhealthy_layers;
  const parts = [
    `At step ${number.whole(evaluation.step)}, on held-out text: ` +
      `MaxVio ${number.fixed(mean(balance("max_vio")), 2)}`,
    `CV of the load ${number.fixed(mean(balance("cv")), 2)}`,
    `load ${number.fixed(Math.min(...balance("min")), 2)} to ` +
      `${number.fixed(1 + Math.max(...balance("max_vio")), 2)} of even`,
    `${evaluation.dead_experts} dead`,
    `router entropy ${number.fixed(mean(layers.map((layer) => layer.router_entropy)), 2)} nats`,
  ];
  const siblings = layers.map((layer) => layer.siblings).filter((known) => known !== undefined);
  if (siblings.length > 0) {
    const over = (field) => mean(siblings.map((layer) => layer[field]));
    parts.push(
      `${number.percent(over("coselection"))} of the tokens choose two siblings`,
      `${number.fixed(over("distinct_lineages"), 2)} lineages a token`,
      `cosine of siblings' weights ${number.fixed(over("cosine"), 4)}`,
    );
  }
  byId("health").textContent =
    parts.join(", ") +
    (uneven.length === 0 ? ". All layers are healthy." : `. Uneven: layer ${uneven.join(", ")}.`);
}

const LOAD_ROW = 20;

function loadMap({ layers }) {
  byId("experts").hidden = layers.length === 0;
  if (layers.length === 0) {
    return;
  }
  const experts = layers[0].load.length;
  scale(byId("load-scale"), "\u00bc or less", "4 or more");
  heatMap(byId("load-chart"), {
    label: `Load of ${experts} experts in ${layers.length} layers.`,
    height: layers.length * LOAD_ROW,
    bottom: 24,
    left: 64,
    doublings: 2,
    xAxis: () => ({
      type: "value",
      min: 0,
      max: experts,
      minInterval: 1,
      axisLabel: { color: color("muted"), hideOverlap: true },
      axisLine: { lineStyle: { color: color("line") } },
      splitLine: { show: false },
    }),
    labels: layers.map((layer, row) => ({
      text: "layer " + layer.layer,
      right: 8,
      middle: (row + 0.5) * LOAD_ROW,
      strong: false,
    })),
    cells: layers.flatMap((layer, row) =>
      layer.load.map((relative, expert) => ({
        x: expert,
        top: row * LOAD_ROW,
        height: LOAD_ROW,
        relative,
        text:
          `layer ${layer.layer}, expert ${expert}: ${number.fixed(relative, 2)} of even` +
          (layer.balance.dead.includes(expert) ? ", dead" : ""),
      })),
    ),
    span: (api, x) => {
      const left = api.coord([x, 0])[0];
      return [left, Math.max(1, api.coord([x + 1, 0])[0] - left - 1)];
    },
  });
}
