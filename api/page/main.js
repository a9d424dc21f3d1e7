// Puts the page together: files come in by drop, paste and choice, each becomes an upload with a row, and what they
// cost is added up. What an upload does is in upload.js, how it looks in row.js.

import { Api } from "./api.js";
import { TokenForm } from "./ask.js";
import { bringsFiles, droppedFiles, pastedFiles } from "./files.js";
import { bytes } from "./format.js";
import { Row } from "./row.js";
import { Tally } from "./tally.js";
import { Token } from "./token.js";
import { Gate, Upload, UPLOADS_AT_ONCE } from "./upload.js";

const byId = (id) => document.getElementById(id);
// A screen reader says the summary after changes, not during them.
const SUMMARY_AFTER_MS = 300;

const rows = new Map();
let tally = null;
let tiers = [];
let pasted = 0;
let summaryTimer = null;

const token = new Token((reason) => form.draw(reason));
const api = new Api(token);
const form = new TokenForm(token, objectionTo);
const context = { api, gate: new Gate(UPLOADS_AT_ONCE), prefixes: [], changed: draw, ended: (status) => tally.add(status) };

async function start() {
  byId("outage").hidden = true;
  try {
    show(await api.settings());
  } catch (problem) {
    byId("outage-sentence").textContent = problem.message;
    byId("outage").hidden = false;
  }
}

function show({ auth, tiers: all, key_prefixes: prefixes, max_object_bytes: limitBytes, formats }) {
  if (auth === "iam") {
    byId("iam").hidden = false;
    return;
  }
  form.explain(auth);
  form.draw();
  context.prefixes = prefixes;
  tiers = all;
  tally = new Tally(byId("tally"), tiers);
  byId("formats").textContent = formats.join(", ");
  byId("limit").textContent = `up to ${bytes(limitBytes)} each`;
  for (const id of ["intake", "cost"]) byId(id).hidden = false;
}

function objectionTo(value) {
  return api.objectionTo(value, context.prefixes[0] ?? "").catch((problem) => problem.message);
}

function take(files) {
  // Before /settings is there, and where a page cannot upload.
  if (tally === null) return;
  for (const file of files) {
    const upload = new Upload(file, context);
    const row = new Row(byId("row"), upload, tiers);
    rows.set(upload, row);
    byId("list").append(row.element);
    upload.run();
  }
}

function draw(upload) {
  rows.get(upload)?.draw();
  summaryTimer ??= setTimeout(() => {
    summaryTimer = null;
    summarise();
  }, SUMMARY_AFTER_MS);
}

function summarise() {
  const counts = new Map();
  for (const { state, waitsForToken } of rows.keys()) {
    const word = waitsForToken ? "waiting for the token" : state.replace("_", " ");
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = Array.from(counts, ([word, count]) => `${count} ${word}`).join(", ");
  const text = rows.size === 0 ? "" : `${rows.size === 1 ? "1 file" : `${rows.size} files`}: ${parts}`;
  byId("images").hidden = rows.size === 0;
  if (byId("summary").textContent !== text) byId("summary").textContent = text;
  byId("clear").hidden = !Array.from(rows.keys()).some((upload) => upload.isOver);
}

function clear() {
  for (const [upload, row] of rows) {
    if (!upload.isOver) continue;
    row.remove();
    rows.delete(upload);
  }
  summarise();
  byId("choose").focus();
}

function listen() {
  byId("choose").addEventListener("click", () => byId("files").click());
  byId("files").addEventListener("change", ({ target }) => {
    take(Array.from(target.files));
    // The same file can be chosen again.
    target.value = "";
  });
  byId("clear").addEventListener("click", clear);
  byId("again").addEventListener("click", start);
  addEventListener("paste", (event) => {
    const files = pastedFiles(event.clipboardData, () => (pasted += 1));
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  });
  addEventListener("hashchange", () => token.takeFromAddress());
  addEventListener("beforeunload", (event) => {
    if (Array.from(rows.keys()).some(({ state }) => state === "uploading" || state === "starting")) event.preventDefault();
  });
  listenToDrags();
}

// The whole window takes files: who misses the box must not lose the page to the image.
function listenToDrags() {
  const mark = (isOver) => document.documentElement.classList.toggle("dragging", isOver);
  for (const kind of ["dragenter", "dragover"]) {
    addEventListener(kind, (event) => {
      if (!bringsFiles(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = tally === null ? "none" : "copy";
      mark(tally !== null);
    });
  }
  addEventListener("dragleave", ({ relatedTarget }) => relatedTarget === null && mark(false));
  addEventListener("drop", async (event) => {
    mark(false);
    if (!bringsFiles(event.dataTransfer)) return;
    event.preventDefault();
    take(await droppedFiles(event.dataTransfer));
  });
}

listen();
token.takeFromAddress();
start();
