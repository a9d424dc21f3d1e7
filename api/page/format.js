// How numbers and sentences are written on the page: decimal units as in the rest of thumbtier, US dollars, whatever
// the browser's language. A number and its unit stay on one line.

const NBSP = "\u00a0";
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** A size with at most four digits and its unit: 999 bytes, 100.2 kB, 8.8 MB. */
export function bytes(count) {
  let unit = 0;
  let value = count;
  // 999,950 bytes would round to 1000.0 kB.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  if (unit === 0) return value === 1 ? `1${NBSP}byte` : `${value}${NBSP}bytes`;
  return `${value.toFixed(1)}${NBSP}${UNITS[unit]}`;
}

/** Whole milliseconds; below ten, with one decimal. */
export function milliseconds(ms) {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms).toLocaleString("en")}${NBSP}ms`;
}

/** Dollars of a few images, with six decimals as `thumbtier cost` has them. */
export function dollars(amount) {
  return `$${amount.toFixed(6)}`;
}

/** What a million images would cost at the cost of one. */
export function dollarsPerMillion(dollarsEach) {
  const amount = dollarsEach * 1e6;
  return `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** 128 × 96 px */
export function dimensions(widthPx, heightPx) {
  return [widthPx, "×", heightPx, "px"].join(NBSP);
}

/** Writes a sentence of the API; what it has between backticks is code. */
export function write(sentence, element) {
  const parts = sentence.split("`").map((text, index) => {
    if (index % 2 === 0) return text;
    const code = document.createElement("code");
    code.textContent = text;
    return code;
  });
  element.replaceChildren(...parts);
}
