// Chromium as the tests need it: a page that reports everything it should not do, and files that are really dropped.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const SCREENSHOTS = `${ROOT}target/page`;
export const API_URL = needed("API_URL");
export const API_TOKEN = needed("API_TOKEN");

// Made in a tier of 0.145 CPU, on a machine that runs other tests as well.
export const MADE_WITHIN_MS = 60_000;

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests against a deployment, with API_URL and API_TOKEN`);
  return value;
}

export function launch(moreArguments = []) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({
    executablePath: execFileSync(`${ROOT}local/browser/chromium.sh`, { encoding: "utf8" }).trim(),
    // Without the flags after --disable-gpu it asks for hosts of its maker at every start.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", ...moreArguments],
  });
}

/**
 * A page in a context of its own, with the token unless told otherwise.
 *
 * `complaints()` is what the console, the security policy or an exception said, and every request to a host that is
 * neither the API nor its S3; `expected` are the status codes whose console message a test provokes.
 */
export async function openPage(browser, { token = API_TOKEN, expected = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const found = [];
  page.on("pageerror", (error) => found.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) found.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isOurs = ["127.0.0.1", "localhost", new URL(API_URL).hostname].includes(hostname);
    if (!isOurs && !["blob:", "data:"].includes(protocol)) found.push(`request to ${hostname}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(token === null ? API_URL : `${API_URL.replace(/\/$/, "")}/#token=${encodeURIComponent(token)}`);
  await page.getByRole("button", { name: "Choose images" }).waitFor();
  const isExpected = (text) => expected.some((part) => text.includes(part));
  return { page, context, complaints: () => found.filter((text) => !isExpected(text)) };
}

/** Drops files and folders onto a point of the window, as the operating system does; `over` runs before the button is released. */
export async function drop(page, paths, { x = 20, y = 20, over = async () => {} } = {}) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver"]) await session.send("Input.dispatchDragEvent", { type, x, y, data });
  await over();
  await session.send("Input.dispatchDragEvent", { type: "drop", x, y, data });
  await session.detach();
}

/** Slows uploads down, to have the time to look at them; the function that it returns takes the limit away. */
export async function limitUploads(page, bytesPerSecond) {
  const session = await page.context().newCDPSession(page);
  const limit = (uploadThroughput) =>
    session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await session.send("Network.enable");
  await limit(bytesPerSecond);
  return () => limit(-1);
}

/** The row of a file, by its whole name. */
export function rowOf(page, name) {
  return page.getByRole("listitem").filter({ has: page.getByText(name, { exact: true }) });
}

export async function untilState(page, name, state) {
  const row = rowOf(page, name);
  await page.locator(`li[data-state="${state}"]`).and(row).waitFor({ timeout: MADE_WITHIN_MS });
  return row;
}

export async function screenshot(page, name) {
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe has against the page, contrast in particular: one line per rule, with the elements. */
export async function barriers(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}
