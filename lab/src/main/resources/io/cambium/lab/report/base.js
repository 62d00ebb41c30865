"use strict";

/** What pages share: elements, numbers, colours and charts. */

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text, so data is never markup. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  node.append(...children);
  return node;
}

const number = {
  fixed: (value, digits) => {
    const text = value.toFixed(digits);
    return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
  },
  signed: (value, digits) => {
    const text = number.fixed(value, digits);
    return text.startsWith("\u2212") ? text : "+" + text;
  },
  percent: (share) => number.fixed(100 * share, 0) + "\u00a0%",
  millions: (tokens) => (tokens / 1e6).toFixed(2) + "\u00a0M",
  whole: (value) => value.toLocaleString("en"),
  short: (value) => value.toLocaleString("en", { notation: "compact" }),
  time: (seconds) => {
    const whole = Math.round(seconds);
    return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
  },
};

/** Line styles differ besides the colours, for eyes and printers that see none. */
const STROKES = { FIXED_E: [7, 4], UPCYCLED: [], FIXED_ME: [12, 3, 2, 3], OBSERVED: [2, 3] };
const RUN_STROKES = [[], [7, 4], [12, 3, 2, 3], [2, 3]];
const RUN_COLORS = 8;

/** When the colours begin anew, the strokes move on by one: 32 runs look different. */
const stroke = (role) => {
  const run = Number(role.slice(4));
  return STROKES[role] ?? RUN_STROKES[(run + Math.floor(run / RUN_COLORS)) % RUN_STROKES.length];
};

const variable = (name) =>
  name.startsWith("RUN_")
    ? "--run_" + (Number(name.slice(4)) % RUN_COLORS)
    : "--" + name.toLowerCase();

const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(variable(name)).trim();

function swatch(role) {
  const svg = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(svg, "svg");
  const line = document.createElementNS(svg, "line");
  const attributes = { x1: 0, y1: 6, x2: 28, y2: 6, "stroke-dasharray": stroke(role).join(" ") };
  Object.entries(attributes).forEach(([name, value]) => line.setAttribute(name, value));
  line.style.stroke = `var(${variable(role)})`;
  picture.setAttribute("viewBox", "0 0 28 12");
  picture.setAttribute("class", "swatch");
  picture.setAttribute("aria-hidden", "true");
  picture.append(line);
  return picture;
}

function legend(list, arms) {
  list.replaceChildren(...arms.map((arm) => element("li", {}, swatch(arm.role), arm.name)));
}

/** Radio buttons; calls back with the chosen value, the first one at once. */
function switcher(container, title, choices, chosen) {
  const group = container.id;
  const field = element("fieldset", {}, element("legend", {}, title));
  choices.forEach(([value, label], index) => {
    const radio = element("input", { type: "radio", name: group, value });
    radio.checked = index === 0;
    radio.addEventListener("change", () => chosen(value));
    field.append(element("label", {}, radio, element("span", {}, label)));
  });
  container.replaceChildren(field);
  chosen(choices[0][0]);
}

/** Charts are drawn anew when the size, the theme or the medium changes. */
const charts = new Map();

function chart(container, renderer, label, option) {
  container.setAttribute("role", "img");
  container.setAttribute("aria-label", label);
  if (!charts.has(container)) {
    const instance = echarts.init(container, null, { renderer });
    charts.set(container, { instance });
    new ResizeObserver(() => draw(container)).observe(container);
  }
  charts.get(container).option = option;
  draw(container);
}

function draw(container) {
  const { instance, option } = charts.get(container);
  instance.resize();
  instance.setOption({ animation: false, ...option(container.clientWidth) }, true);
}

const drawAll = () => charts.forEach((entry, container) => draw(container));

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
for (const [event, printing] of [
  ["beforeprint", true],
  ["afterprint", false],
]) {
  window.addEventListener(event, () => {
    document.documentElement.classList.toggle("print", printing);
    drawAll();
  });
}
