// Headless Chromium for the checks of pages: what it asks for, what it complains of, how wide a page
// is, and screenshots. CHROMIUM names another binary. (Node 20: with --experimental-websocket)
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const WINDOWS = [
  ["wide", 1280, "light"],
  ["wide-dark", 1280, "dark"],
  ["narrow", 400, "light"],
  ["narrow-dark", 400, "dark"],
];

export const requests = [];
export const errors = [];

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

export const evaluate = async (expression) =>
  (await call("Runtime.evaluate", { expression, returnByValue: true })).result.value;

async function picture(directory, [name, width, scheme]) {
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

/** Opens a page. */
export async function open(url) {
  for (const domain of ["Page", "Runtime", "Network", "Log"]) await call(domain + ".enable");
  await call("Page.navigate", { url });
}

/** Screenshots, wide and narrow, light and dark; a page that is wider than its window is an error. */
export async function pictures(directory) {
  mkdirSync(directory, { recursive: true });
  for (const window of WINDOWS) await picture(directory, window);
}

export async function close() {
  browser.kill();
  await new Promise((resolve) => browser.on("exit", resolve));
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
