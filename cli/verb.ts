import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import { strictFlags } from './strict-flags.ts';

/** What is said of a verb where it is listed, and what it does with its arguments. */
export interface Verb<Args extends ArgsDef> {
  readonly name: string;
  readonly description: string;
  readonly args: Args;
  run(args: ParsedArgs<Args>): Promise<void>;
}

/** A command that takes its own flags and words and no others. */
export function verb<Args extends ArgsDef>({ name, description, args, run }: Verb<Args>): CommandDef<Args> {
  return defineCommand({
    meta: { name: `limpet ${name}`, description },
    args,
    plugins: [strictFlags(name, args)],
    run: ({ args: given }) => run(given),
  });
}
