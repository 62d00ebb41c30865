/** Which expert descends from which, and what domains came to prefer it. */

/** A domain prefers an expert that gets this many times an even share of its tokens. */
const PREFERRED = 1.5;

/** The domains that prefer an expert, strongest first. */
function preferences(layer, expert) {
  const { domains: names, share } = data.routing;
  return names
    .map((name, i) => ({ name, relative: share[layer][i][expert] * share[layer][i].length }))
    .filter(({ relative }) => relative >= PREFERRED)
    .sort((a, b) => b.relative - a.relative);
}

function leaf(layer, expert) {
  const found = preferences(layer, expert);
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

function branch(layer, node) {
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
        : leaf(layer, child.expert),
      ...(child.children.length ? [branch(layer, child)] : []),
    ),
  );
  return element("ul", {}, ...below);
}

function lineages() {
  switcher(byId("lineage-switch"), "Layer", layerChoices, (choice) => {
    const layer = Number(choice);
    byId("lineage-trees").replaceChildren(
      ...trees(data.lineage[layer].parents).map((root) =>
        element(
          "div",
          { class: "lineage" },
          element("p", {}, `Expert ${root.expert} of the source`),
          branch(layer, root),
        ),
      ),
    );
  });
}
