/** Puts the page together, anew for every state that arrives. */

const panels = new Map();

/** The container of a small chart with a heading, made when it is first asked for. */
function panel(parent, title) {
  const key = parent + "/" + title;
  if (!panels.has(key)) {
    const container = element("div", { class: "chart" });
    byId(parent).append(
      element("figure", {}, element("figcaption", {}, element("h3", {}, title)), container),
    );
    panels.set(key, container);
  }
  return panels.get(key);
}

function dot(name) {
  const mark = element("span", { "aria-hidden": "true" }, "\u25cf\u00a0");
  mark.style.color = `var(--${name})`;
  return mark;
}

function small(parent, title, lines, state, fromZero) {
  if (lines.some((line) => line.curve.values.length > 0)) {
    const growths = state.events.filter((event) => event.event === "growth");
    const look = { title, events: growths, last: state.latest.step, fromZero };
    lineChart(panel(parent, title), lines, look);
  }
}

function lossChart(state) {
  const lines = [
    { name: "training", color: "train", curve: state.loss, thin: true },
    { name: "validation, mean over the domains", color: "validation", curve: state.validation },
  ];
  byId("loss-legend").replaceChildren(
    ...lines.map((line) => element("li", {}, dot(line.color), line.name)),
  );
  lineChart(byId("loss-chart"), lines, {
    title: "Loss",
    events: state.events,
    last: state.latest.step,
    tall: true,
  });
}

function curves(state) {
  lossChart(state);
  Object.entries(state.domains).forEach(([domain, curve]) =>
    small("domain-charts", domain, [{ name: domain, color: "validation", curve }], state),
  );
  const one = (parent, title, curve, fromZero) =>
    small(parent, title, [{ name: title, color: "validation", curve }], state, fromZero);
  one("expert-charts", "MaxVio", state.max_vio, true);
  one("expert-charts", "CV of the load", state.load_cv, true);
  one("expert-charts", "Tokens that choose two siblings", state.coselection, true);
  one("optimizer-charts", "Gradient norm", state.grad_norm, true);
  one("optimizer-charts", "Learning rate", state.learning_rate, true);
  one("optimizer-charts", "Tokens per second", state.tokens_per_second, true);
}

function show(state) {
  header(state);
  tiles(state);
  eventList(state);
  health(state);
  loadMap(state);
  if (state.latest !== null) {
    curves(state);
  }
}

function say(text, kind) {
  byId("state").textContent = text;
  byId("state").className = "state " + kind;
}

/** What the page knows of the process behind the run; a run that says nothing may be over. */
let run = null;

const isFinished = () => run !== null && run.latest !== null && run.latest.step >= run.steps;

function sayState() {
  const silent = (Date.now() - run.written) / 1000;
  if (isFinished()) {
    say("finished", "");
  } else if (silent > run.patience) {
    say(`no step for ${duration(silent)}: stopped?`, "lost");
  } else {
    say("live", "live");
  }
}

const source = new EventSource("events");
source.addEventListener("state", (message) => {
  run = JSON.parse(message.data);
  sayState();
  show(run);
});
source.addEventListener("trouble", (message) => say(JSON.parse(message.data).message, "lost"));
source.addEventListener("error", () => {
  if (isFinished()) {
    source.close();
  } else {
    say("no connection: the process has ended, or is out of reach", "lost");
  }
});
