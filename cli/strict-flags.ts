import type { ArgsDef, CittyPlugin } from 'citty';
import { usageFailure } from './failure.ts';
import { nearest } from '../worker/config/problems.ts';

/** citty lets any flag and any further word pass; a mistyped one would be ignored in silence. */
export function strictFlags(verb: string, known: ArgsDef): CittyPlugin {
  return {
    name: 'strict-flags',
    setup: ({ rawArgs, args }) => {
      refuseUnknownFlags(rawArgs, known, verb);
      refuseFurtherWords(args._, known, verb);
    },
  };
}

function refuseUnknownFlags(rawArgs: readonly string[], known: ArgsDef, verb: string): void {
  const names = Object.entries(known).flatMap(([name, arg]) =>
    arg.type === 'positional' ? [] : [`--${name}`],
  );
  for (const arg of rawArgs.filter((raw) => raw.startsWith('-'))) {
    const flag = arg.split('=', 1)[0] ?? arg;
    if (names.includes(flag)) continue;
    const meant = nearest(flag, names);
    throw usageFailure(
      `Unknown option "${flag}" of limpet ${verb}. ${meant === undefined ? '' : `Did you mean "${meant}"? `}See: npx limpet ${verb} --help`,
    );
  }
}

function refuseFurtherWords(words: readonly string[], known: ArgsDef, verb: string): void {
  const places = Object.values(known).filter((arg) => arg.type === 'positional').length;
  const extra = words[places];
  if (extra !== undefined)
    throw usageFailure(`Unexpected "${extra}" after limpet ${verb}. See: npx limpet ${verb} --help`);
}
