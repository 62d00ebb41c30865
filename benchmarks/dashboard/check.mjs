// Looks at the dashboard with headless Chromium while a run trains: updates must arrive, the console
// must stay without errors, nothing may be asked of any other host, and no part may be wider than
// the window. Leaves screenshots, wide and narrow, light and dark.
//   node check.mjs URL DIRECTORY          (Node 20: with --experimental-websocket)
import { setTimeout as sleep } from "node:timers/promises";
import { close, errors, evaluate, open, pictures, requests } from "../browser.mjs";

const [url, directory] = process.argv.slice(2);
const UPDATES = 3;
const PATIENCE = 120;

await open(url);
const titles = new Set();
for (let second = 0; titles.size < UPDATES && second < PATIENCE; second++) {
  await sleep(1000);
  const title = await evaluate("document.title");
  if (/step \d+/.test(title)) titles.add(title);
}
await pictures(directory);
await close();

const foreign = requests.filter((to) => new URL(to).protocol !== "data:" && new URL(to).origin !== new URL(url).origin);
console.log(`updates: ${[...titles].join(" | ")}`);
console.log(`requests: ${[...new Set(requests.map((to) => to.slice(0, 60)))].join(" ")}`);
if (titles.size < UPDATES) errors.push(`only ${titles.size} updates in ${PATIENCE} s`);
if (foreign.length > 0) errors.push("asked other hosts: " + foreign.join(" "));
errors.forEach((error) => console.error("error: " + error));
console.log(errors.length === 0 ? `good; screenshots in ${directory}` : `${errors.length} errors`);
process.exit(errors.length === 0 ? 0 : 1);
