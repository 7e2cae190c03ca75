import { type ArgsDef, defineCommand } from 'citty';
import { configArg, jsonArg } from './args.ts';
import { findConfigFile } from './config-file.ts';
import { CommandFailure } from './failure.ts';
import { localSecrets } from './local-secrets.ts';
import { print } from './say.ts';
import { strictFlags } from './strict-flags.ts';

const args = {
  config: configArg,
  url: {
    type: 'string',
    description: 'Where Limpet serves',
    valueHint: 'URL',
    default: 'http://127.0.0.1:8787',
  },
  json: jsonArg,
} as const satisfies ArgsDef;

export const status = defineCommand({
  meta: { name: 'limpet status', description: 'Say which origins are up, since when, and what the last probe found' },
  args,
  plugins: [strictFlags('status', args)],
  run: async ({ args: { config, url, json } }) => {
    const told = await ask(url, adminToken(config));
    print(json ? JSON.stringify(told, null, 2) : table(told));
  },
});

interface Told {
  readonly version: number;
  readonly pools: readonly { readonly name: string; readonly origins: readonly Origin[] }[];
}

interface Origin {
  readonly id: string;
  readonly health: string;
  readonly sinceMs: number;
  readonly incarnation: number;
  readonly lastProbe: string;
}

/** The token of the environment (production), else the local one beside the configuration. */
function adminToken(config: string | undefined): string {
  const { ADMIN_TOKEN: given } = process.env;
  return given ?? localSecrets(findConfigFile(config), process.env, ['ADMIN_TOKEN']).values['ADMIN_TOKEN'] ?? '';
}

async function ask(url: string, token: string): Promise<Told> {
  const answer = await request(`${url.replace(/\/$/, '')}/.limpet/admin/status`, token);
  if (answer.status === 401) throw new CommandFailure(`${url} does not accept this ADMIN_TOKEN`);
  const told: unknown = answer.ok ? await answer.json() : undefined;
  if (!isTold(told)) throw new CommandFailure(`${url} answered ${answer.status}, not as Limpet does`);
  return told;
}

async function request(url: string, token: string): Promise<Response> {
  try {
    return await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandFailure(`Nobody answers at ${url}: ${why}`);
  }
}

function isTold(value: unknown): value is Told {
  return typeof value === 'object' && value !== null && 'version' in value && 'pools' in value && Array.isArray(value.pools);
}

function table({ pools }: Told): string {
  const rows = pools.flatMap(({ name, origins }) =>
    origins.map(({ id, health, sinceMs, lastProbe }) => [name, id, health, ago(sinceMs), lastProbe]),
  );
  return columns([['POOL', 'ORIGIN', 'HEALTH', 'SINCE', 'LAST PROBE'], ...rows]);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd()).join('\n');
}

function ago(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
