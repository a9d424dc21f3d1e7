// The upload page in Chromium, against a deployment that runs: API_URL and API_TOKEN say which.
// Screenshots are written to target/page, to be looked at.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { API_TOKEN, MADE_WITHIN_MS, barriers, drop, launch, limitUploads, openPage, rowOf, screenshot, untilState } from "./browser.mjs";
import { bitmap, file, samples } from "./files.mjs";

const TIERS = ["small", "medium", "large"];
let browser;
let images;

before(async () => {
  images = samples();
  browser = await launch();
});
after(() => browser?.close());

const choose = (page) => page.getByRole("button", { name: "Choose images" });
const tokenField = (page) => page.getByLabel("Access token");
const table = (page) => page.getByRole("table", { name: /^Cost per tier/ });

/** Drops an image per tier and two files that are none; waits for all of them. */
async function dropAll(page) {
  const notes = file("notes.txt", "a text, and its type says so\n");
  const fake = file("holiday.jpg", "a text that is called a photograph\n".repeat(100));
  await drop(page, [...images, notes, fake]);
  for (const tier of TIERS) await untilState(page, `${tier}.avif`, "made");
  for (const name of ["notes.txt", "holiday.jpg"]) await untilState(page, name, "failed");
  await page.getByText("5 files: 3 made, 2 failed").waitFor();
}

async function dollarsIn(cell) {
  return Number((await cell.textContent()).replace(/[$,]/g, ""));
}

test("files for three tiers get thumbnails, tier and cost; what is no image gets a name", async () => {
  // What says that it is no image is refused before it is uploaded.
  const { page, complaints } = await openPage(browser, { expected: ["status of 422"] });
  await dropAll(page);

  for (const tier of TIERS) {
    const row = rowOf(page, `${tier}.avif`);
    const picture = row.getByRole("img", { name: `Thumbnail of ${tier}.avif` });
    const [width, height] = await picture.evaluate((image) => [image.naturalWidth, image.naturalHeight]);
    assert.equal(width, 128);
    // Four wide to three high, give or take the sample's last row.
    assert.ok(height >= 95 && height <= 97, `${tier}: ${height} px high`);
    const text = await row.innerText();
    assert.match(text, new RegExp(`→ 128\\s×\\s${height}\\spx, [\\d.]+\\s(kB|bytes)`));
    assert.match(text, new RegExp(`Tier\\s+${tier}\\s+Time\\s+[\\d,.]+\\sms\\s+Per million\\s+\\$[\\d,]+\\.\\d\\d`));
  }
  for (const name of ["notes.txt", "holiday.jpg"]) {
    const row = rowOf(page, name);
    assert.equal(await row.locator("code").first().textContent(), "not_an_image");
    assert.match(await row.locator('[data-part="sentence"]').textContent(), /\w+ \w+/);
    assert.equal(await row.getByRole("button").count(), 0, "nobody retries what will be refused again");
  }
  assert.deepEqual(complaints(), []);
  await screenshot(page, "light");
});

test("the table adds up what the images cost, per tier and in all", async () => {
  const { page } = await openPage(browser);
  await drop(page, images);
  for (const tier of TIERS) await untilState(page, `${tier}.avif`, "made");
  let sum = 0;
  for (const tier of TIERS) {
    const shown = rowOf(page, `${tier}.avif`).locator('[data-part="cost"]');
    const row = table(page).getByRole("row").filter({ has: page.getByRole("rowheader", { name: tier }) });
    const cells = row.getByRole("cell");
    assert.equal(await cells.nth(0).textContent(), "1");
    assert.match(await cells.nth(1).textContent(), /^[\d,.]+\sms$/);
    assert.equal(await cells.nth(3).textContent(), await shown.textContent());
    assert.ok((await dollarsIn(cells.nth(3))) > 1, "a PUT alone is five dollars per million");
    sum += await dollarsIn(cells.nth(3));
  }
  const total = table(page).getByRole("row").filter({ has: page.getByRole("rowheader", { name: "total" }) }).getByRole("cell");
  assert.equal(await total.nth(0).textContent(), "3");
  assert.ok(Math.abs((await dollarsIn(total.nth(3))) - sum / 3) < 0.011);
  assert.ok(Math.abs((await dollarsIn(total.nth(2))) - sum / 1e6) < 0.000001);
});

test("a thumbnail can be saved, under the name of its image", async () => {
  const { page } = await openPage(browser);
  await drop(page, [file("red square.bmp", bitmap(250, 20, 20))]);
  await untilState(page, "red square.bmp", "made");
  const waiting = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save red square.bmp" }).click();
  assert.match((await waiting).suggestedFilename(), /^red square-\d+x\d+\.(jpg|png|webp)$/);
});

test("a drop anywhere in the window counts, and the window says so; folders bring all their files", async () => {
  const { page, complaints } = await openPage(browser);
  const folder = file("trip/first.bmp", bitmap(1, 2, 3)).replace("/first.bmp", "");
  file("trip/second day/second.bmp", bitmap(4, 5, 6));
  file("trip/.hidden", "not meant");
  await drop(page, [folder], {
    x: 5,
    y: 890,
    over: async () => {
      await page.getByText("Drop to upload").waitFor();
      await screenshot(page, "dragging");
    },
  });
  await page.getByText("2 files: 2 made").waitFor({ timeout: MADE_WITHIN_MS });
  assert.equal(await page.getByText("Drop to upload").isVisible(), false);
  assert.deepEqual(complaints(), []);
});

test("a picture from the clipboard is uploaded", async () => {
  const { page, context, complaints } = await openPage(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 30 });
    canvas.getContext("2d").fillRect(5, 5, 20, 20);
    const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
  });
  await page.keyboard.press("Control+V");
  await untilState(page, "pasted-1.png", "made");
  assert.match(await rowOf(page, "pasted-1.png").textContent(), /→ 40\s×\s30\spx/);
  assert.deepEqual(complaints(), []);
});

test("the keyboard alone is enough", async () => {
  const { page, complaints } = await openPage(browser, { token: null });
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim());
  const tabTo = async (name) => {
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()) === name) return;
    }
    assert.fail(`no way to "${name}" with Tab`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await tokenField(page).evaluate((field) => field === document.activeElement), true);
  await page.keyboard.type(API_TOKEN);
  await page.keyboard.press("Enter");
  await page.getByText("Token kept for this tab").waitFor();
  assert.equal(await focused(), "Choose images", "the next thing to do has the focus");

  // Listening begins some time before the key.
  const opening = page.waitForEvent("filechooser");
  const outline = await choose(page).evaluate((button) => getComputedStyle(button).outlineStyle);
  assert.notEqual(outline, "none", "the focus can be seen");
  await page.keyboard.press("Enter");
  const chooser = await opening;
  assert.equal(chooser.isMultiple(), true);
  await chooser.setFiles([file("green.bmp", bitmap(20, 200, 20)), file("blue.bmp", bitmap(20, 20, 200))]);
  for (const name of ["green.bmp", "blue.bmp"]) await untilState(page, name, "made");
  await page.getByRole("status").filter({ hasText: "2 files: 2 made" }).waitFor();

  await tabTo("Save blue.bmp");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Save green.bmp");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Clear finished");
  await page.keyboard.press("Enter");
  assert.equal(await page.getByRole("listitem").count(), 0);
  assert.equal(await focused(), "Choose images");
  // The check of a token asks about a key that nobody has.
  assert.deepEqual(complaints().filter((text) => !text.includes("404")), []);
});

test("a wrong token is refused with what to do, and the right one is taken", async () => {
  const { page, complaints } = await openPage(browser, { token: null, expected: ["status of 401", "status of 404"] });
  await tokenField(page).fill("nonsense");
  assert.equal(await tokenField(page).getAttribute("type"), "password");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await tokenField(page).getAttribute("type"), "text");
  await page.getByRole("button", { name: "Use token" }).click();
  const alert = page.getByRole("alert").filter({ hasText: /\w/ });
  await alert.waitFor();
  assert.match(await alert.textContent(), /token/);
  await screenshot(page, "token");

  await tokenField(page).fill(API_TOKEN);
  await page.getByRole("button", { name: "Use token" }).click();
  await page.getByText("Token kept for this tab").waitFor();
  assert.equal(await tokenField(page).isVisible(), false);
  assert.deepEqual(complaints(), []);
});

test("a token that turns out to be wrong loses no file", async () => {
  const { page, complaints } = await openPage(browser, { token: "of-yesterday", expected: ["status of 401", "status of 404"] });
  await drop(page, [file("waits.bmp", bitmap(90, 90, 10))]);
  await tokenField(page).waitFor();
  await page.getByText("1 file: 1 waiting for the token").waitFor();
  await tokenField(page).fill(API_TOKEN);
  await page.keyboard.press("Enter");
  await untilState(page, "waits.bmp", "made");
  assert.deepEqual(complaints(), []);
});

test("a link's token is taken once, leaves the address, stays for the tab and can be forgotten", async () => {
  const { page } = await openPage(browser);
  assert.equal(new URL(page.url()).hash, "");
  await page.reload();
  await page.getByText("Token kept for this tab").waitFor();
  assert.equal(await tokenField(page).isVisible(), false);
  await page.getByRole("button", { name: "Forget" }).click();
  await tokenField(page).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length + document.cookie.length), 0);
  await page.reload();
  await tokenField(page).waitFor();
});

test("three uploads run at once, the rest queues, and one that was cancelled is uploaded after a retry", async () => {
  const { page, complaints } = await openPage(browser);
  const unlimited = await limitUploads(page, 300_000);
  await drop(page, [images[1], images[2], ...[10, 20, 30].map((red) => file(`large-${red}.bmp`, Buffer.concat([bitmap(red, 0, 0), Buffer.alloc(1_500_000)])))]);
  await page.getByText("5 files: 3 uploading, 2 queued").waitFor();
  const progress = page.getByRole("progressbar", { name: "Upload of large.avif" });
  await page.waitForFunction((bar) => bar.value > 0.01 && bar.value < 1, await progress.elementHandle());
  await screenshot(page, "uploading");
  await page.getByRole("button", { name: "Cancel large-30.bmp" }).click();
  await page.getByRole("button", { name: "Cancel large.avif" }).click();
  const cancelled = await untilState(page, "large.avif", "cancelled");
  assert.equal(await cancelled.evaluate((row) => row === document.activeElement), true, "the focus stays with the row");
  await untilState(page, "large-30.bmp", "cancelled");
  await unlimited();
  await page.getByRole("button", { name: "Retry large.avif" }).click();
  for (const name of ["medium.avif", "large.avif", "large-10.bmp", "large-20.bmp"]) await untilState(page, name, "made");
  assert.deepEqual(complaints(), []);
});

test("a broken connection is named, and a retry goes on", async () => {
  const { page, context, complaints } = await openPage(browser, { expected: ["ERR_INTERNET_DISCONNECTED"] });
  await context.setOffline(true);
  await drop(page, [file("offline.bmp", bitmap(7, 77, 177))]);
  const row = await untilState(page, "offline.bmp", "failed");
  assert.match(await row.textContent(), /no_connection .*network/);
  await context.setOffline(false);
  await row.getByRole("button", { name: "Retry offline.bmp" }).click();
  await untilState(page, "offline.bmp", "made");
  assert.deepEqual(complaints(), []);
});

for (const [name, options] of Object.entries({
  light: {},
  dark: { colorScheme: "dark" },
  narrow: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
})) {
  test(`${name}: no barrier that axe knows, contrast included, and nothing to scroll sideways`, async () => {
    const { page, complaints } = await openPage(browser, { ...options, expected: ["status of 422"] });
    assert.deepEqual(await barriers(page), []);
    await dropAll(page);
    assert.deepEqual(await barriers(page), []);
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= window, `${content} px in a window of ${window}`);
    await screenshot(page, name);
    await page.getByRole("button", { name: "Forget" }).click();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, `${name}-token`);
    assert.deepEqual(complaints(), []);
  });
}

test("animations rest for whoever asked for less motion", async () => {
  const { page } = await openPage(browser, { reducedMotion: "reduce" });
  await drop(page, [images[0]]);
  const row = await untilState(page, "small.avif", "in_work");
  const animation = await row.evaluate((element) => getComputedStyle(element.querySelector(".note"), "::after").animationName);
  assert.equal(animation, "none");
});
