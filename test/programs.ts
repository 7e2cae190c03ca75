import { accessSync, appendFileSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { expect } from 'vitest';

/** Where a program of the system is. A suite that gets nothing leaves itself out, and `npm test` ends by naming it. */
export function program(name: string): string | undefined {
  const found = places(name).find(isExecutable);
  if (!found) note(name);
  return found;
}

function places(name: string): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function note(program: string): void {
  const suite = relative(process.cwd(), expect.getState().testPath ?? 'a suite');
  mkdirSync('.reports', { recursive: true });
  appendFileSync('.reports/not-run.jsonl', `${JSON.stringify({ suite, program })}\n`);
}
