/** One thing that is wrong: where, what was wanted, what was found. */
export interface Problem {
  /** `pools.shop.origins.0.weight`; empty for the whole. */
  readonly path: string;
  readonly wanted: string;
  readonly found: string;
}

/** A problem before it is written down: `found` is still the operator's value. */
export interface Flaw {
  readonly at: readonly PropertyKey[];
  readonly wanted: string;
  readonly found: unknown;
}

/** What is wrong, of what might be. */
export function flaws(...found: readonly (Flaw | false)[]): Flaw[] {
  return found.filter((flaw) => flaw !== false);
}

/** The class of the error that a bad configuration or bad secrets end in. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(
      [
        `Cannot use this configuration: ${count}`,
        ...problems.map((problem) => `  ${sentence(problem)}`),
      ].join('\n'),
    );
    this.problems = problems;
  }
}

export function sentence({ path, wanted, found }: Problem): string {
  return `${path === '' ? 'configuration' : path}: wanted ${wanted}, found ${found}`;
}

export function problemOf({ at, wanted, found }: Flaw): Problem {
  return { path: at.map(String).join('.'), wanted, found: show(found) };
}

const foundLengthMax = 60;

/** The found value, short and safe to print: a log is no place for a password. */
export function show(value: unknown): string {
  const text = json(value);
  return text.length > foundLengthMax ? `${text.slice(0, foundLengthMax - 1)}…` : text;
}

function json(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number') return String(value);
  try {
    const safe = (_key: string, part: unknown) =>
      typeof part === 'string' ? withoutCredentials(part) : part;
    return JSON.stringify(value, safe) ?? String(value);
  } catch {
    return `${typeof value === 'object' ? 'an object' : `a ${typeof value}`} that is not JSON`; // a cycle, a bigint
  }
}

/** Everything up to the last `@` goes, unless the text surely is a url without credentials: a password may hold any character. */
function withoutCredentials(text: string): string {
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  const scheme = /^\s*https?:[\\/]*/i.exec(text)?.[0];
  if (scheme !== undefined && URL.canParse(text)) {
    const url = new URL(text);
    if (url.username === '' && url.password === '') return text;
  }
  return `${scheme ?? ''}…${text.slice(at)}`;
}

/** What to say of a word that does not exist. */
export function wantedInstead(found: string, known: readonly string[], thing = 'field'): string {
  const near = nearest(found, known);
  return near === undefined
    ? `one of the ${thing}s ${known.join(', ')}`
    : `a known ${thing} (did you mean "${near}"?)`;
}

/** The known word that `found` was probably meant to be: at most a third of its letters differ. */
export function nearest(found: string, known: readonly string[]): string | undefined {
  let best: { word: string; edits: number } | undefined;
  for (const word of known) {
    const edits = distance(found.toLowerCase(), word.toLowerCase());
    if (edits <= Math.ceil(word.length / 3) && edits < (best?.edits ?? Number.POSITIVE_INFINITY))
      best = { word, edits };
  }
  return best?.word;
}

/** Levenshtein, one row at a time. Long words cannot be near any of ours. */
function distance(a: string, b: string): number {
  if (a.length > 80) return a.length;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
