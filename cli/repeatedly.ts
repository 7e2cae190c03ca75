import type { BooleanArgDef } from 'citty';
import { print } from './say.ts';

export const watchArg = {
  type: 'boolean',
  description: 'Print it again every two seconds, until interrupted',
} as const satisfies BooleanArgDef;

export const watchEveryMs = 2_000;

/** Prints once, or again and again. On a terminal the new one takes the place of the old one. */
export async function repeatedly(watch: boolean | undefined, look: () => Promise<string>): Promise<void> {
  if (watch !== true) return print(await look());
  for (;;) {
    const text = await look();
    print(process.stdout.isTTY ? `\u001b[2J\u001b[H${text}` : text);
    await new Promise((resolve) => setTimeout(resolve, watchEveryMs));
  }
}
