/** The header and the tables. */

const summary = data.summary;
const rowOf = (role) => summary.rows.find((row) => row.role === role);
const NONE = "\u2013";

function tiles() {
  const grown = rowOf("UPCYCLED");
  const observed = rowOf("OBSERVED");
  const large = rowOf("FIXED_ME");
  const closure = summary.gap_closure;
  const beside = (text) =>
    observed?.growth ? `; ${observed.growth.mode} growth ${text(observed.growth)}` : "";
  const rise = (growth) =>
    growth.largest_rise ? number.signed(growth.largest_rise.nats, 3) : "not measured";
  return [
    [
      "Gap closed, one seed",
      closure.eta === null ? "not resolved" : number.percent(closure.eta),
      `of ${number.fixed(closure.gap, 3)} nats between ${rowOf("FIXED_E").experts} and ` +
        `${large.experts} experts; ` +
        (closure.noise > 0 ? `noise at least ${number.fixed(closure.noise, 3)}` : "noise unknown"),
    ],
    [
      "Loss jump on growing",
      number.signed(grown.growth.jump, 4),
      `nats, ${number.fixed(grown.growth.loss_before, 4)} before and ` +
        `${number.fixed(grown.growth.loss_after, 4)} just after` +
        beside((growth) => number.signed(growth.jump, 3)),
    ],
    [
      "Largest rise during the release",
      rise(grown.growth),
      `nats over the ungrown run${beside(rise)}`,
    ],
    [
      "Expert-steps saved",
      number.percent(summary.saving),
      `${number.whole(grown.expert_steps)} against ${number.whole(large.expert_steps)} from scratch`,
    ],
  ];
}

function setting() {
  const grown = rowOf("UPCYCLED");
  const { tokens, released } = data.curves.find((arm) => arm.role === "UPCYCLED").growths.at(-1);
  return (
    `All models learn from the same text, ${number.millions(grown.tokens)} tokens of it. ` +
    `The grown one branches from the ${grown.growth.source_experts}-expert run at ` +
    `${number.millions(tokens)} (mode ${grown.growth.mode}, rows ${grown.growth.rows}) and is a ` +
    `plain top-K model again from ${number.millions(released)} on. ` +
    "One seed is a look, not a proof: it takes three to call one method better than another."
  );
}

const RESULT_COLUMNS = [
  ["Loss", (row) => number.fixed(row.mean_loss, 4)],
  ["Perplexity", (row) => number.fixed(row.perplexity, 2)],
  ["Gap closed", (row) => (row.role === "UPCYCLED" ? closedText() : NONE)],
  ["Tokens", (row) => number.millions(row.tokens)],
  ["Wall time, min", (row) => number.time(row.seconds)],
  ["Expert-steps", (row) => number.whole(row.expert_steps)],
  [
    "Loss before / just after growing",
    (row) =>
      row.growth
        ? `${number.fixed(row.growth.loss_before, 4)} / ${number.fixed(row.growth.loss_after, 4)}`
        : NONE,
  ],
  [
    "Largest rise",
    (row) =>
      row.growth && row.growth.largest_rise ? number.signed(row.growth.largest_rise.nats, 4) : NONE,
  ],
  [
    "MaxVio batch / global",
    (row) =>
      `${number.fixed(row.load.max_vio_batch, 2)} / ${number.fixed(row.load.max_vio_global, 2)}`,
  ],
  ["Dead experts", (row) => String(row.load.dead)],
];

const closedText = () =>
  summary.gap_closure.eta === null ? "not resolved" : number.percent(summary.gap_closure.eta);

const nameOf = (row) => (row.role === "OBSERVED" ? row.name + "\u00a0*" : row.name);

function resultsTable(table) {
  const head = element("tr", {}, element("th", { scope: "col" }, "Model"));
  RESULT_COLUMNS.forEach(([label]) => head.append(element("th", { scope: "col" }, label)));
  const body = summary.rows.map((row) => {
    const line = element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        element("span", { class: "model" }, swatch(row.role), nameOf(row)),
      ),
    );
    RESULT_COLUMNS.forEach(([label, value]) => {
      const text = value(row);
      const attributes = { "data-label": label, ...(text === NONE && { class: "none" }) };
      line.append(element("td", attributes, text));
    });
    return line;
  });
  table.append(element("thead", {}, head), element("tbody", {}, ...body));
}

function domainsTable(table) {
  const head = element("tr", {}, element("th", { scope: "col" }, "Domain"));
  summary.rows.forEach((row) => head.append(element("th", { scope: "col" }, nameOf(row))));
  const body = Object.keys(summary.rows[0].loss).map((domain) => {
    const line = element("tr", {}, element("th", { scope: "row" }, domain));
    summary.rows.forEach((row) => {
      const perplexity = element("small", {}, number.fixed(Math.exp(row.loss[domain]), 1));
      line.append(element("td", {}, number.fixed(row.loss[domain], 3), perplexity));
    });
    return line;
  });
  table.append(element("thead", {}, head), element("tbody", {}, ...body));
}

function note() {
  return summary.rows
    .filter((row) => row.role === "OBSERVED")
    .map(
      (row) =>
        `* Followed through the window only: its losses are those at ${number.millions(row.tokens)} ` +
        `tokens${row.evaluated_before_growth ? ", before it grew" : ""}.`,
    )
    .join(" ");
}

function results() {
  if (!summary) {
    runs();
    return;
  }
  byId("finding").textContent = summary.finding.replaceAll(" %", "\u00a0%");
  byId("setting").textContent = setting();
  byId("tiles").append(
    ...tiles().map(([label, value, detail]) =>
      element(
        "div",
        {},
        element("dt", {}, label),
        element("dd", { class: "value" }, value),
        element("dd", { class: "detail" }, detail),
      ),
    ),
  );
  resultsTable(byId("results-table"));
  byId("results-note").textContent = note();
  domainsTable(byId("domains-table"));
}
