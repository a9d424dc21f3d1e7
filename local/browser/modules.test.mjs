// The page's plain functions, in the browser that runs them and as the deployment serves them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./browser.mjs";

let browser;
let page;

before(async () => {
  browser = await launch();
  ({ page } = await openPage(browser));
});
after(() => browser?.close());

/** Calls a function of a module of the page. */
function call(module, name, ...values) {
  return page.evaluate(async ([path, called, args]) => (await import(path))[called](...args), [`/page/${module}.js`, name, values]);
}

test("a file's name becomes safe in a key", async () => {
  const cases = [
    ["photo.jpg", "photo.jpg"],
    ["red flower+1.jpg", "red-flower-1.jpg"],
    ["../../etc/passwd", "etc-passwd"],
    ["..", "image"],
    ["Überfahrt nach 東京.webp", "Überfahrt-nach-東京.webp"],
    ["a\u0000b\nc%2F?#&.png", "a-b-c-2F-.png"],
    [".hidden.png", "hidden.png"],
    ["a...b.gif", "a.b.gif"],
    [`${"x".repeat(300)}.jpeg`, `${"x".repeat(75)}.jpeg`],
  ];
  for (const [name, safe] of cases) assert.equal(await call("files", "safeName", name), safe);
});

test("a key has the first allowed prefix and a folder of its own", async () => {
  assert.match(await call("files", "keyFor", "a.jpg", []), /^[0-9a-f]{8}\/a\.jpg$/);
  assert.match(await call("files", "keyFor", "a.jpg", ["in/", "other/"]), /^in\/[0-9a-f]{8}\/a\.jpg$/);
  assert.notEqual(await call("files", "keyFor", "a.jpg", []), await call("files", "keyFor", "a.jpg", []));
});

test("numbers are written with their unit", async () => {
  const cases = [
    ["bytes", 0, "0 bytes"],
    ["bytes", 1, "1 byte"],
    ["bytes", 999, "999 bytes"],
    ["bytes", 1000, "1.0 kB"],
    ["bytes", 999_949, "999.9 kB"],
    ["bytes", 999_950, "1.0 MB"],
    ["bytes", 536_870_912, "536.9 MB"],
    ["milliseconds", 9.04, "9.0 ms"],
    ["milliseconds", 38.62, "39 ms"],
    ["milliseconds", 1234.5, "1,235 ms"],
    ["dollars", 0.00000624, "$0.000006"],
    ["dollarsPerMillion", 0.0000062375, "$6.24"],
    ["dollarsPerMillion", 0.00123456, "$1,234.56"],
  ];
  for (const [name, value, text] of cases) assert.equal((await call("format", name, value)).replaceAll("\u00a0", " "), text);
});
