/** The models' experts: load over time, domains at the end, co-selection. */

const rowLabels = (nodes, level) =>
  nodes
    .filter((node) => node.level === level)
    .map((node) => ({ text: String(node.expert), right: 5, middle: node.top + ROW / 2 }));

const times = (relative) => number.fixed(relative, 2) + " \u00d7 an even share";

function loadMap(model, layer, { nodes, height }) {
  const { parents, experts: today } = model.lineage[layer];
  const experts = (level) =>
    level === parents.length
      ? today
      : level === 0
        ? Math.max(...parents[0]) + 1
        : parents[level - 1].length;
  const starts = [0, ...model.load.map((stretch) => stretch.tokens)];
  const cells = model.load.flatMap((stretch, i) =>
    nodes
      .filter((node) => experts(node.level) === stretch.load[layer].length)
      .map((node) => ({
        x: starts[i],
        end: stretch.tokens,
        top: node.top,
        height: node.height,
        relative: stretch.load[layer][node.expert],
        text:
          `expert ${node.expert} at ${number.millions(stretch.tokens)} tokens: ` +
          times(stretch.load[layer][node.expert]),
      })),
  );
  const lineages = nodes
    .filter((node) => node.level === 0 && parents.length > 0)
    .map((node) => ({
      text: `from ${node.expert}`,
      right: 28,
      middle: node.top + node.height / 2,
      strong: true,
    }));
  heatMap(byId("load-chart"), {
    label: `Load of each expert over tokens, layer ${model.lineage[layer].layer}`,
    height,
    left: 82,
    doublings: 1,
    cells,
    labels: [...lineages, ...rowLabels(nodes, parents.length)],
    xAxis: (width) => tokenAxis(width, "training tokens"),
    span: (api, x, index) => {
      const from = api.coord([x, 0])[0];
      // Half a pixel more, so that no seam shows between stretches.
      return [from, api.coord([cells[index].end, 0])[0] - from + 0.5];
    },
  });
}

function domainMap(model, layer, { nodes, height }) {
  const { parents } = model.lineage[layer];
  const { domains: names, share } = model.routing;
  const figure = byId("expert-domain-chart").closest("figure");
  figure.hidden = names.length === 0; // not evaluated since it grew
  if (figure.hidden) {
    return;
  }
  const leaves = nodes.filter((node) => node.level === parents.length);
  const cells = leaves.flatMap((leaf) =>
    names.map((name, x) => {
      const relative = share[layer][x][leaf.expert] * leaves.length;
      return {
        x,
        top: leaf.top,
        height: leaf.height,
        relative,
        text: `${name} to expert ${leaf.expert}: ${times(relative)}`,
      };
    }),
  );
  heatMap(byId("expert-domain-chart"), {
    label: `Share of each domain's tokens by expert, layer ${model.lineage[layer].layer}`,
    height,
    left: 26,
    doublings: 2,
    cells,
    labels: rowLabels(nodes, parents.length),
    xAxis: () => ({
      type: "category",
      data: names,
      axisLabel: {
        rotate: 55,
        interval: 0,
        fontSize: 11,
        width: 88,
        overflow: "truncate",
        color: color("muted"),
      },
      axisLine: { show: false },
      axisTick: { show: false },
    }),
    span: (api, x) => {
      const width = api.size([1, 0])[0];
      return [api.coord([x, 0])[0] - width / 2, width - 1];
    },
  });
}

function experts() {
  scale(byId("load-scale"), "half or less", "double or more");
  scale(byId("domain-scale"), "a quarter or less", "four times or more");
  modelSwitch(byId("model-switch"), data.experts, (model) =>
    switcher(byId("layer-switch"), "Layer", layerChoices(model), (choice) => {
      const layer = Number(choice);
      const layout = placed(trees(model.lineage[layer]), model.lineage[layer].parents.length > 0);
      loadMap(model, layer, layout);
      domainMap(model, layer, layout);
    }),
  );
  coselection();
}

function coselection() {
  const arms = data.curves.filter((arm) => arm.coselection.tokens.length > 0);
  if (arms.length === 0) {
    byId("coselection-chart").closest("figure").remove();
    return;
  }
  legend(byId("coselection-legend"), arms);
  const lines = arms.map((arm) => ({
    arm,
    points: points(arm.coselection),
  }));
  lineChart(byId("coselection-chart"), "Sibling co-selection", lines, {
    axis: "share of tokens",
    labels: true,
    range: { min: 0, max: 1 },
  });
}
