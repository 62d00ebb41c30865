/** The header and the tables of a report on runs by themselves. */

/** A number, and where several seeds differ the half width of its 95 % interval. */
const withMargin = (value, text) =>
  text(value.mean) + (value.margin ? `\u00a0\u00b1\u00a0${text(value.margin)}` : "");

const interval = (value, digits) => withMargin(value, (one) => number.fixed(one, digits));

const wholeInterval = (value) => withMargin(value, (one) => number.whole(Math.round(one)));

const spread = (value) =>
  value.margin === undefined
    ? NONE
    : `${number.fixed(value.lowest, 4)} to ${number.fixed(value.highest, 4)}`;

const RUN_COLUMNS = [
  ["Seeds", (group) => String(group.runs.length)],
  ["Loss", (group) => interval(group.mean_loss, 4)],
  ["Lowest to highest", (group) => spread(group.mean_loss)],
  ["Perplexity", (group) => number.fixed(Math.exp(group.mean_loss.mean), 2)],
  ["Loss jump on growing", (group) => (group.jump.length ? interval(group.jump[0], 4) : NONE)],
  ["Experts", (group) => (group.experts === 0 ? NONE : String(group.experts))],
  ["Tokens", (group) => number.millions(group.tokens)],
  ["Expert-steps", (group) => wholeInterval(group.expert_steps)],
  ["Wall time, min", (group) => number.time(group.seconds.mean)],
  ["MaxVio batch", (group) => (group.experts === 0 ? NONE : interval(group.max_vio_batch, 2))],
  ["MaxVio global", (group) => (group.experts === 0 ? NONE : interval(group.max_vio_global, 2))],
  ["Dead experts", (group) => (group.experts === 0 ? NONE : interval(group.dead, 0))],
];

/** Every run of a group is drawn by itself; the table shows the first one's line. */
const firstCurve = (group) => data.curves.find((curve) => curve.name === group.name);

function row(first, columns) {
  const line = element("tr", {}, element("th", { scope: "row" }, ...first));
  columns.forEach(([label, text]) => {
    const attributes = { "data-label": label, ...(text === NONE && { class: "none" }) };
    line.append(element("td", attributes, text));
  });
  return line;
}

function heading(labels) {
  return element(
    "thead",
    {},
    element("tr", {}, ...labels.map((label) => element("th", { scope: "col" }, label))),
  );
}

function groupName(group) {
  const swatches = group.runs.length === 1 ? [swatch(firstCurve(group).role)] : [];
  return [element("span", { class: "model" }, ...swatches, group.name)];
}

/** Groups by the step that they begin at, in words: the first ones of all runs are left out. */
function branches() {
  const steps = [...new Set(data.groups.map((group) => group.first_step))].filter((at) => at > 1);
  return steps.map((at) => {
    const names = data.groups.filter((group) => group.first_step === at).map(({ name }) => name);
    return `${names.join(", ")} at step ${number.whole(at)}`;
  });
}

function runNote() {
  const branched = branches();
  const several = data.groups.filter((group) => group.runs.length > 1);
  const elsewhere = several.filter(
    (group) => !group.runs.every((run) => run.startsWith(`${group.name}/`)),
  );
  return [
    ...(branched.length
      ? [
          `Branched from other runs: ${branched.join("; ")}. The steps before count with the ` +
            "experts that a run began with, before it grew.",
        ]
      : []),
    ...elsewhere.map((group) => `${group.name} stands for ${group.runs.join(", ")}.`),
    several.length
      ? "\u00b1 is the 95\u00a0% confidence interval of the mean over seeds (Student\u2019s t)."
      : "One seed is a look, not a proof: it takes three to call one method better than another.",
  ].join(" ");
}

function runs() {
  const best = [...data.groups].sort((a, b) => a.mean_loss.mean - b.mean_loss.mean)[0];
  const total = data.curves.length;
  byId("finding").textContent =
    total === 1
      ? `${best.name}: ${number.fixed(best.mean_loss.mean, 3)} nats per token`
      : `${total} runs; the lowest loss is that of ${best.name}`;
  byId("setting").textContent =
    total === 1
      ? `After ${number.millions(best.tokens)} tokens, mean over the domains.`
      : `${interval(best.mean_loss, 4)} nats per token after ${number.millions(best.tokens)} tokens, ` +
        "mean over the domains. Runs that differ by seed only stand together.";
  byId("tiles").remove();
  byId("results-table").append(
    heading(["Run", ...RUN_COLUMNS.map(([label]) => label)]),
    element(
      "tbody",
      {},
      ...data.groups.map((group) =>
        row(
          groupName(group),
          RUN_COLUMNS.map(([label, value]) => [label, value(group)]),
        ),
      ),
    ),
  );
  byId("results-note").textContent = runNote();
  byId("domains-table").caption.textContent = "By domain: loss";
  const domains = [...new Set(data.groups.flatMap((group) => Object.keys(group.loss)))];
  byId("domains-table").append(
    heading(["Domain", ...data.groups.map((group) => group.name)]),
    element(
      "tbody",
      {},
      ...domains.map((domain) =>
        row(
          [domain],
          data.groups.map((group) => [
            group.name,
            group.loss[domain] ? interval(group.loss[domain], 3) : NONE,
          ]),
        ),
      ),
    ),
  );
}
