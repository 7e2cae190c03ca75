const DEPTH_MAX = 64;

const QUOTE = 0x22;
/** Square brackets with this bit are curly ones, and no other character of JSON is either outside of strings. */
const CURLY = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * JSON from outside, as data: `undefined` when it is not JSON or nested deeper than 64. A key `__proto__`, and a `constructor` that has a
 * `prototype`, is left out, at any depth, so that a later merge cannot reach a prototype.
 */
export function parseJson(text: string): unknown {
  if (depthOf(text) > DEPTH_MAX) return undefined;
  try {
    // The reviver costs time: only a text that may hold such a key (plain or escaped) gets one.
    return /__proto__|"constructor"|\\u00[567]/i.test(text)
      ? JSON.parse(text, withoutPrototypes)
      : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as JSON that `parseJson` reads again. Throws a TypeError for what is no JSON value (`undefined`, a cycle) or nested too deep. */
export function jsonText(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined)
    throw new TypeError(
      `Cannot keep session data as it must be a JSON value: current value is ${typeof value}`,
    );
  const depth = depthOf(text);
  if (depth <= DEPTH_MAX) return text;
  throw new TypeError(
    `Cannot keep session data as it must be nested at most ${DEPTH_MAX} deep: current value is ${depth} deep`,
  );
}

function withoutPrototypes(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  const leads =
    key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
  return leads ? undefined : value;
}

/** How deep brackets nest outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if ((code | CURLY) === OPENING) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if ((code | CURLY) === CLOSING) depth -= 1;
  }
  return deepest;
}

function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at === -1 ? text.length : at;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
