// Looks at a report with headless Chromium: the console must stay without errors, nothing may be asked
// of anybody, every figure must be drawn, and no part may be wider than the window. Leaves
// screenshots, wide and narrow, light and dark.
//   node check.mjs FILE DIRECTORY          (Node 20: with --experimental-websocket)
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { close, errors, evaluate, open, pictures, requests } from "../browser.mjs";

const [file, directory] = process.argv.slice(2);
const page = pathToFileURL(resolve(file)).href;

await open(page);
await sleep(3000);
await pictures(directory);
const empty = await evaluate(
  "[...document.querySelectorAll('.chart')].filter((chart) => chart.closest('[hidden]') === null &&" +
    " !chart.querySelector('svg path, canvas')).map((chart) => chart.id || chart.ariaLabel).join()",
);
const figures = await evaluate("document.querySelectorAll('.chart').length");
await close();

const asked = requests.filter((to) => to !== page && !to.startsWith("data:"));
if (empty) errors.push("nothing is drawn in " + empty);
if (!figures) errors.push("there are no figures");
if (asked.length > 0) errors.push("asked for " + asked.join(" "));
errors.forEach((error) => console.error("error: " + error));
const verdict = errors.length === 0 ? `good; screenshots in ${directory}` : `${errors.length} errors`;
console.log(`${figures} figures: ${verdict}`);
process.exit(errors.length === 0 ? 0 : 1);
