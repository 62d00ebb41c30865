/** Heat maps with a row for each expert, in bands for each lineage. */

/** Heights in pixels. */
const ROW = 13;
const BAND_GAP = 4;

/**
 * Nodes with the place of their rows in pixels from the top.
 *
 * @param banded whether a gap parts the trees
 */
function placed(roots, banded) {
  const gap = banded ? BAND_GAP : 0;
  const nodes = [];
  const place = (node, top) => {
    nodes.push({ ...node, top, height: node.leaves.length * ROW });
    let below = top;
    node.children.forEach((child) => {
      place(child, below);
      below += child.leaves.length * ROW;
    });
  };
  let top = 0;
  roots.forEach((root) => {
    place(root, top);
    top += root.leaves.length * ROW + gap;
  });
  return { nodes, height: top - gap };
}

/** Colours from low to high, even in the middle, at the given number of doublings to each side. */
function painter(doublings) {
  const [low, even, high] = ["low", "even", "high"].map((name) =>
    [1, 3, 5].map((i) => parseInt(color(name).slice(i, i + 2), 16)),
  );
  return (relative) => {
    const at = Math.max(-1, Math.min(1, Math.log2(Math.max(relative, 1e-6)) / doublings));
    const end = at < 0 ? low : high;
    return `rgb(${even.map((c, i) => Math.round(c + (end[i] - c) * Math.abs(at))).join(",")})`;
  };
}

function scale(container, low, high) {
  container.replaceChildren(low, element("span", { class: "bar", "aria-hidden": "true" }), high);
}

/**
 * A heat map with a row for each expert, whose vertical axis counts pixels from the top.
 *
 * @param map label, height, left margin, bottom margin if it is not for slanted labels, doublings,
 *   xAxis(width), labels [text, right, middle], cells {x, top, height, relative, text}, and
 *   span(api, x): a cell's left edge and width
 */
function heatMap(container, map) {
  const margin = { top: 6, bottom: map.bottom ?? 84 };
  container.style.height = map.height + margin.top + margin.bottom + "px";
  chart(container, "canvas", map.label, (width) => {
    const paint = painter(map.doublings);
    const family = getComputedStyle(document.body).fontFamily;
    return {
      textStyle: { fontFamily: family },
      grid: { left: map.left, right: 8, ...margin },
      xAxis: map.xAxis(width),
      yAxis: { type: "value", min: 0, max: map.height, inverse: true, show: false },
      tooltip: {
        confine: true,
        backgroundColor: color("card"),
        borderColor: color("line"),
        textStyle: { color: color("ink"), fontSize: 13 },
        formatter: (hit) => element("span", {}, map.cells[hit.dataIndex].text),
      },
      series: [
        {
          type: "custom",
          progressive: 0,
          emphasis: { disabled: true },
          data: map.cells.map((cell, index) => [cell.x, cell.top, index]),
          renderItem: (params, api) => {
            const cell = map.cells[params.dataIndex];
            const [x, cellWidth] = map.span(api, cell.x, params.dataIndex);
            const y = margin.top + cell.top;
            return {
              type: "rect",
              shape: { x, y, width: cellWidth, height: cell.height - 1 },
              style: { fill: paint(cell.relative) },
            };
          },
        },
        {
          type: "custom",
          silent: true,
          data: map.labels.map((label, index) => [0, index]),
          renderItem: (params) => {
            const label = map.labels[params.dataIndex];
            return {
              type: "text",
              x: map.left - label.right,
              y: margin.top + label.middle,
              style: {
                text: label.text,
                fill: color(label.strong ? "ink" : "muted"),
                font: (label.strong ? "600 12px " : "10px ") + family,
                align: "right",
                verticalAlign: "middle",
              },
            };
          },
        },
      ],
    };
  });
}
