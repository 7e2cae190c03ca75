import type { PathMatch } from '../config/config.ts';

/** Whether the target's path (its query left out) is the pattern's, or begins with it. */
export function pathMatches(path: PathMatch, target: string): boolean {
  if (path.kind === 'prefix') return target.startsWith(path.path);
  return target === path.path || target.startsWith(`${path.path}?`);
}
