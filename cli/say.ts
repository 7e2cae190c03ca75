/** Data goes to stdout, so that it can be piped; talk goes to stderr. */
export function print(data: string): void {
  process.stdout.write(`${data}\n`);
}

export function say(talk: string): void {
  process.stderr.write(`${talk}\n`);
}

/** What `--json` prints. */
export function asJson(said: unknown): string {
  return JSON.stringify(said, null, 2);
}
