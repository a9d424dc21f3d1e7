// What the images of this page have cost, per tier: adds up what the API says of each, and keeps the table.
// Refused images count as well, because they were paid for; what no tier took costs none of them anything.

import { dollars, dollarsPerMillion, milliseconds } from "./format.js";
import { bars } from "./row.js";

const UNKNOWN = "–";

export class Tally {
  #table;
  #tiers;
  #sums = new Map();

  /** @param {{name: string, memory_mb: number}[]} tiers of /settings, from the smallest to the largest */
  constructor(table, tiers) {
    this.#table = table;
    this.#tiers = tiers;
    for (const { name } of tiers) this.#sums.set(name, emptySum());
    this.#draw();
  }

  /** @param {object} status of a job that is made or refused; without a tier it is left out */
  add({ tier, milliseconds: ms, estimated_dollars: amount }) {
    if (tier === undefined || amount === undefined) return;
    const sum = this.#sums.get(tier) ?? emptySum();
    sum.images += 1;
    sum.ms += ms ?? 0;
    sum.dollars += amount;
    this.#sums.set(tier, sum);
    this.#draw();
  }

  #draw() {
    const rows = Array.from(this.#sums, ([name, sum]) => rowOf(name, sum, this.#memoryOf(name), bars(name, this.#tiers)));
    this.#table.tBodies[0].replaceChildren(...rows);
    const total = emptySum();
    for (const sum of this.#sums.values()) for (const part of Object.keys(total)) total[part] += sum[part];
    this.#table.tFoot.replaceChildren(rowOf("total", total, ""));
  }

  #memoryOf(name) {
    const tier = this.#tiers.find((other) => other.name === name);
    return tier ? `${tier.memory_mb.toLocaleString("en")} MB` : "";
  }
}

function emptySum() {
  return { images: 0, ms: 0, dollars: 0 };
}

function rowOf(name, sum, memory, picture = "") {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  const small = document.createElement("span");
  small.className = "memory";
  small.textContent = memory;
  head.append(picture, name, " ", small);
  row.append(head);
  const perImage = (part, write) => (sum.images === 0 ? UNKNOWN : write(part / sum.images));
  row.append(
    cell(sum.images.toLocaleString("en")),
    cell(perImage(sum.ms, milliseconds)),
    cell(sum.images === 0 ? UNKNOWN : dollars(sum.dollars)),
    cell(perImage(sum.dollars, dollarsPerMillion)),
  );
  return row;
}

function cell(text) {
  const made = document.createElement("td");
  made.textContent = text;
  return made;
}
