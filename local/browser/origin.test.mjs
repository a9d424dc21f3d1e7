// The API from a page of another origin, in Chromium: what CORS lets through, and what it does not. The deployment allows
// the origin http://pages.test; the page is served by the test.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { API_TOKEN, API_URL, MADE_WITHIN_MS, launch } from "./browser.mjs";
import { bitmap } from "./files.mjs";

let browser;

before(async () => {
  // The API is on the loopback here, which Chromium keeps from pages of the internet.
  browser = await launch(["--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"]);
});
after(() => browser?.close());

/** An empty page of that origin, which no server needs to serve. */
async function pageOf(origin) {
  const page = await browser.newPage();
  await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>A shop</title>" }));
  await page.goto(`${origin}/`);
  return page;
}

/** What `fetch` in that page came to: status, headers that the page may read, and text; or the error's name. */
function ask(page, path, { method = "GET", headers = {}, body = null } = {}) {
  const url = path.startsWith("http") ? path : `${API_URL.replace(/\/$/, "")}${path}`;
  return page.evaluate(async ({ url, method, headers, body }) => {
    try {
      const answer = await fetch(url, { method, headers, body: body && new Uint8Array(body) });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
    } catch (error) {
      return { error: error.name };
    }
  }, { url, method, headers, body });
}

const authorization = `Bearer ${API_TOKEN}`;

test("a page of an allowed origin uploads, waits and shows", async () => {
  const page = await pageOf("http://pages.test");
  const body = [...bitmap(1, 120, 240)];
  const put = await ask(page, "/images/origin/waited.bmp", {
    method: "PUT", headers: { authorization, "content-type": "image/bmp", prefer: "wait=25" }, body,
  });
  assert.equal(put.status, 200, put.text);
  assert.ok(put.headers.etag, "the page may read the ETag");

  const later = await ask(page, "/images/origin/later.bmp", { method: "PUT", headers: { authorization, "content-type": "image/bmp" }, body });
  assert.equal(later.status, 202, later.text);
  assert.ok(later.headers.location, "the page may read where to ask");
  const deadline = Date.now() + MADE_WITHIN_MS;
  for (let state = ""; state !== "made";) {
    assert.ok(Date.now() < deadline, `it is ${state}`);
    state = JSON.parse((await ask(page, "/status/origin/later.bmp", { headers: { authorization } })).text).state;
  }
  const thumbnail = await ask(page, "/thumbnails/origin/later.bmp", { headers: { authorization } });
  assert.equal(thumbnail.status, 200);
  const unchanged = await ask(page, "/thumbnails/origin/later.bmp", { headers: { authorization, "if-none-match": thumbnail.headers.etag } });
  assert.ok([200, 304].includes(unchanged.status));
});

test("it uploads straight to the bucket too", async () => {
  const page = await pageOf("http://pages.test");
  const body = [...bitmap(2, 120, 240)];
  const asked = await ask(page, "/uploads", {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: [...Buffer.from(JSON.stringify({ key: "origin/direct.bmp", bytes: body.length, content_type: "image/bmp" }))],
  });
  assert.equal(asked.status, 201, asked.text);
  const { url, headers, method } = JSON.parse(asked.text).upload;
  const put = await ask(page, url, { method, headers, body });
  assert.equal(put.status, 200, put.text ?? put.error);
});

test("a refusal reaches the page, and a method that a path has not is told", async () => {
  const page = await pageOf("http://pages.test");
  assert.equal((await ask(page, "/status/origin/none.bmp", { headers: { authorization: "Bearer wrong" } })).status, 401);
  const posted = await ask(page, "/images/origin/x.bmp", { method: "POST", headers: { authorization }, body: [1] });
  assert.equal(posted.status, 405);
});

test("a page of any other origin is refused by the browser", async () => {
  const page = await pageOf("http://elsewhere.test");
  const put = await ask(page, "/images/origin/foreign.bmp", { method: "PUT", headers: { authorization }, body: [1] });
  assert.deepEqual(put, { error: "TypeError" });
});
