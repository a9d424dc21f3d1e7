// The pictures in docs/images, of a deployment that runs: `make screenshots` starts one on the local AWS. The upload page
// makes real thumbnails, and the dashboard shows what they left in CloudWatch.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MADE_WITHIN_MS, ROOT, SCREENSHOTS, drop, launch, openPage } from "./browser.mjs";

const IMAGES = `${ROOT}docs/images`;
const MOST_BYTES = 200_000;
// How often the same pictures come, under other names: a chart of one moment is none.
const ROUNDS = 10;

/** The sample pictures of `make local`, drawn if they are not there. */
function pictures() {
  execFileSync(`${ROOT}.venv/bin/python`, ["-m", "local.samples", `${SCREENSHOTS}/pictures`], { cwd: ROOT });
  return ["lake.jpg", "street-upright.jpg", "balloon-transparent.png", "still-life.tif", "dunes-medium.avif", "forest-large.avif",
    "broken-upload.jpg"]
    .map((name) => `${SCREENSHOTS}/pictures/${name}`);
}

function renamed(paths, round) {
  const folder = `${SCREENSHOTS}/round-${round}`;
  mkdirSync(folder, { recursive: true });
  return paths.map((path) => {
    const copy = `${folder}/${round}-${basename(path)}`;
    copyFileSync(path, copy);
    return copy;
  });
}

async function uploaded(browser, paths, options = {}) {
  const { page, context } = await openPage(browser, options);
  await drop(page, paths);
  await page.getByText(new RegExp(`^${paths.length} files: \\d+ made(, \\d+ failed)?$`)).waitFor({ timeout: 2 * MADE_WITHIN_MS });
  return { page, context };
}

async function take(page, name, options = {}) {
  const path = `${IMAGES}/${name}.png`;
  await page.screenshot({ path, ...options });
  // A page has few colours: with a palette of them the file is a third.
  const palette = "import sys; from PIL import Image; Image.open(sys.argv[1]).convert('RGB').quantize(256).save(sys.argv[1], optimize=True)";
  execFileSync(`${ROOT}.venv/bin/python`, ["-c", palette, path]);
  const { size } = statSync(path);
  if (size > MOST_BYTES) throw new Error(`${path} has ${size} bytes: expected ${MOST_BYTES} at most`);
  console.log(`docs/images/${name}.png ${size} bytes`);
}

mkdirSync(IMAGES, { recursive: true });
const browser = await launch();
try {
  const paths = pictures();
  const began = Date.now();
  const { page, context } = await uploaded(browser, paths, { viewport: { width: 900, height: 900 } });
  await take(page, "page", { fullPage: true });
  await context.close();
  for (let round = 2; round <= ROUNDS; round += 1) {
    await wait(2_000 * (round % 4));
    const { context } = await uploaded(browser, renamed(paths.slice(0, 2 + ((3 * round) % 5)), round));
    await context.close();
  }
  // Log lines become metrics, and the last step is complete.
  await wait(6_000);
  const file = `${SCREENSHOTS}/dashboard.html`;
  const minutes = String(Math.ceil((Date.now() - began) / 6_000 + 3) / 10);
  execFileSync(`${ROOT}.venv/bin/python`, ["-m", "local.dashboard", file, "--minutes", minutes], { cwd: ROOT, stdio: "inherit" });
  const shown = await browser.newPage({ viewport: { width: 1200, height: 600 } });
  await shown.goto(pathToFileURL(file).href);
  await take(shown, "dashboard", { fullPage: true });
} finally {
  await browser.close();
}
