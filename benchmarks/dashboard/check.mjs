// Looks at the dashboard with headless Chromium while a run trains: updates must arrive, the console
// must stay without errors, nothing may be asked of any other host, and no part may be wider than
// the window. Leaves screenshots, wide and narrow, light and dark.
//   node check.mjs URL DIRECTORY          (Node 20: with --experimental-websocket)
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [url, directory] = process.argv.slice(2);
const WINDOWS = [
  ["wide", 1280, "light"],
  ["wide-dark", 1280, "dark"],
  ["narrow", 400, "light"],
  ["narrow-dark", 400, "dark"],
];
const UPDATES = 3;
const PATIENCE = 120;

mkdirSync(directory, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--hide-scrollbars", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank",
]);

/** The address Chromium says it listens on. */
const endpoint = await new Promise((resolve, reject) => {
  let text = "";
  browser.on("exit", () => reject(new Error("chromium ended: " + text)));
  browser.stderr.on("data", (data) => {
    text += data;
    const found = /DevTools listening on ws:\/\/([^/]+)/.exec(text);
    if (found) resolve(found[1]);
  });
});
browser.removeAllListeners("exit");

const tabs = await (await fetch(`http://${endpoint}/json`)).json();
const socket = new WebSocket(tabs.find((tab) => tab.type === "page").webSocketDebuggerUrl);
await new Promise((resolve) => socket.addEventListener("open", resolve));
const pending = new Map();
const requests = [];
const errors = [];
let calls = 0;

socket.addEventListener("message", ({ data }) => {
  const { id, method, params, result, error } = JSON.parse(data);
  if (id) {
    const [resolve, reject] = pending.get(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  } else if (method === "Network.requestWillBeSent") {
    requests.push(params.request.url);
  } else if (method === "Runtime.exceptionThrown") {
    errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
  } else if (method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(params.type)) {
    errors.push(params.args.map((arg) => arg.value ?? arg.description).join(" "));
  } else if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level)) {
    errors.push(params.entry.text);
  }
});

const call = (method, params = {}) =>
  new Promise((resolve, reject) => {
    pending.set(++calls, [resolve, reject]);
    socket.send(JSON.stringify({ id: calls, method, params }));
  });

const evaluate = async (expression) =>
  (await call("Runtime.evaluate", { expression, returnByValue: true })).result.value;

async function picture([name, width, scheme]) {
  await call("Emulation.setDeviceMetricsOverride", {
    width, height: 900, deviceScaleFactor: 1, mobile: width < 600,
  });
  await call("Emulation.setEmulatedMedia", {
    features: [{ name: "prefers-color-scheme", value: scheme }],
  });
  await sleep(2500);
  const wide = await evaluate("document.documentElement.scrollWidth");
  if (wide > width) errors.push(`the page is ${wide} pixels wide in a window of ${width}`);
  const shot = await call("Page.captureScreenshot", { captureBeyondViewport: true });
  writeFileSync(join(directory, name + ".png"), Buffer.from(shot.data, "base64"));
}

for (const domain of ["Page", "Runtime", "Network", "Log"]) await call(domain + ".enable");
await call("Page.navigate", { url });
const titles = new Set();
for (let second = 0; titles.size < UPDATES && second < PATIENCE; second++) {
  await sleep(1000);
  const title = await evaluate("document.title");
  if (/step \d+/.test(title)) titles.add(title);
}
for (const window of WINDOWS) await picture(window);

browser.kill();
await new Promise((resolve) => browser.on("exit", resolve));
rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });

const foreign = requests.filter((to) => new URL(to).protocol !== "data:" && new URL(to).origin !== new URL(url).origin);
console.log(`updates: ${[...titles].join(" | ")}`);
console.log(`requests: ${[...new Set(requests.map((to) => to.slice(0, 60)))].join(" ")}`);
if (titles.size < UPDATES) errors.push(`only ${titles.size} updates in ${PATIENCE} s`);
if (foreign.length > 0) errors.push("asked other hosts: " + foreign.join(" "));
errors.forEach((error) => console.error("error: " + error));
console.log(errors.length === 0 ? `good; screenshots in ${directory}` : `${errors.length} errors`);
process.exit(errors.length === 0 ? 0 : 1);
