/** Which expert descends from which, and what domains came to prefer it. */

/** A domain prefers an expert that gets this many times an even share of its tokens. */
const PREFERRED = 1.5;

/** The domains that prefer an expert, strongest first. */
function preferences(model, layer, expert) {
  const { domains: names, share } = model.routing;
  return names
    .map((name, i) => ({ name, relative: share[layer][i][expert] * share[layer][i].length }))
    .filter(({ relative }) => relative >= PREFERRED)
    .sort((a, b) => b.relative - a.relative);
}

function leaf(model, layer, expert) {
  const found = preferences(model, layer, expert);
  const chips = found.map(({ name, relative }) =>
    element("span", { class: "domain" }, `${name}\u00a0${number.fixed(relative, 1)}\u00d7`),
  );
  const none = element("span", { class: "none" }, "no preference");
  return element(
    "div",
    { class: "leaf" },
    element("span", { class: "number" }, String(expert)),
    element("span", { class: "preferences" }, ...(chips.length ? chips : [none])),
  );
}

function branch(model, layer, node) {
  const below = node.children.map((child) =>
    element(
      "li",
      {},
      child.children.length
        ? element(
            "div",
            { class: "leaf" },
            element("span", { class: "number" }, String(child.expert)),
          )
        : leaf(model, layer, child.expert),
      ...(child.children.length ? [branch(model, layer, child)] : []),
    ),
  );
  return element("ul", {}, ...below);
}

/**
 * How differently the experts of a tree serve the domains: the total variation distance between two
 * of them, mean over the pairs.
 */
function apart(model, layer, experts) {
  const share = model.routing.share[layer];
  const profile = (expert) => {
    const loads = share.map((domain) => domain[expert]);
    const sum = loads.reduce((a, b) => a + b, 0);
    return sum > 0 ? loads.map((load) => load / sum) : null;
  };
  const profiles = experts.map(profile).filter((known) => known);
  const distances = profiles.flatMap((a, i) =>
    profiles
      .slice(i + 1)
      .map((b) => a.reduce((sum, value, at) => sum + Math.abs(value - b[at]), 0) / 2),
  );
  return distances.length ? distances.reduce((a, b) => a + b, 0) / distances.length : null;
}

function tree(model, layer, root) {
  const distance = apart(model, layer, root.leaves);
  const note = distance === null ? "" : `domains ${number.percent(distance)} apart`;
  return element(
    "div",
    { class: "lineage" },
    element(
      "p",
      {},
      `Expert ${root.expert} of the source `,
      element("span", { class: "none" }, note),
    ),
    branch(model, layer, root),
  );
}

function lineages() {
  const grown = data.experts.filter((model) => model.lineage[0].parents.length > 0);
  if (grown.length === 0) {
    byId("lineages").remove();
    document.querySelector("nav a[href='#lineages']").remove();
    return;
  }
  modelSwitch(byId("lineage-model-switch"), grown, (model) => {
    divergence(model);
    switcher(byId("lineage-switch"), "Layer", layerChoices(model), (choice) => {
      const layer = Number(choice);
      byId("lineage-trees").replaceChildren(
        ...trees(model.lineage[layer]).map((root) => tree(model, layer, root)),
      );
    });
  });
}

/** How alike the weights of siblings are over time, a line for each layer. */
function divergence(model) {
  const figure = byId("divergence-chart").closest("figure");
  figure.hidden = model.siblings.length === 0;
  if (figure.hidden) {
    return;
  }
  const arms = model.siblings.map(({ layer }, i) => ({
    role: `RUN_${i}`,
    name: `Layer ${layer}`,
  }));
  legend(byId("divergence-legend"), arms);
  const lines = arms.map((arm, i) => ({ arm, points: points(model.siblings[i].cosine) }));
  const { min, max } = range(lines, 0);
  lineChart(byId("divergence-chart"), "Cosine between siblings", lines, {
    axis: "cosine of weights",
    labels: true,
    range: { min: Math.max(-1, min), max: Math.min(1, max) },
  });
}
