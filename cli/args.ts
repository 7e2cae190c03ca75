import type { BooleanArgDef, StringArgDef } from 'citty';

// What several verbs take means the same everywhere.
export const configArg = {
  type: 'string',
  description: 'The configuration file (default: limpet.config.ts here)',
  valueHint: 'FILE',
} as const satisfies StringArgDef;

export const jsonArg = {
  type: 'boolean',
  description: 'Print JSON, for programs',
} as const satisfies BooleanArgDef;
