const DEPTH_MAX = 64;

/**
 * JSON from outside, as data: `undefined` when it is not JSON or nested deeper than 64. A key `__proto__` is left
 * out, at any depth, so that a later merge cannot reach a prototype.
 */
export function parseJson(text: string): unknown {
  if (depthOf(text) > DEPTH_MAX) return undefined;
  try {
    // The reviver costs time: only a text that may hold the key (plain or escaped) gets one.
    return /__proto__|\\u005f/i.test(text) ? JSON.parse(text, withoutProto) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** How deep brackets nest outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth -= 1;
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
