import type { StringArgDef } from 'citty';
import { configArg, jsonArg } from './args.ts';
import { findConfigFile } from './config-file.ts';
import { CommandFailure } from './failure.ts';
import { localSecrets } from './local-secrets.ts';

/** What every verb of the admin API takes. */
export const adminArgs = {
  config: configArg,
  url: {
    type: 'string',
    description: 'Where Limpet serves',
    valueHint: 'URL',
    default: 'http://127.0.0.1:8787',
  },
  json: jsonArg,
} as const;

export const poolArg = {
  type: 'string',
  description: 'Only this pool (default: all)',
  valueHint: 'NAME',
} as const satisfies StringArgDef;

/** Where the API is, and the configuration beside which the local token lies. */
export interface Site {
  readonly config: string | undefined;
  readonly url: string;
}

export type Answer = Readonly<Record<string, unknown>>;

/** Calls the admin API; a POST where there is a body. Whatever is not its answer is a failure in one sentence. */
export async function askAdmin(site: Site, path: string, body?: unknown): Promise<Answer> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await request(`${site.url.replace(/\/$/, '')}/.limpet/admin/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${adminToken(site.config)}` },
  });
  if (answer.status === 401) throw new CommandFailure(`${site.url} does not accept this ADMIN_TOKEN`);
  const said = await read(answer);
  if (answer.ok && said !== undefined && 'version' in said) return said;
  if (said !== undefined && typeof said['message'] === 'string') throw new CommandFailure(said['message']);
  throw new CommandFailure(`${site.url} answered ${answer.status}, not as Limpet does`);
}

/** `path?name=value`, without those that were not given. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? path : `${path}?${given}`;
}

export function listIn(answer: Answer, name: string): readonly Answer[] {
  const list = answer[name];
  if (!Array.isArray(list)) throw new CommandFailure(`Wanted a list "${name}" in the answer, found none`);
  return list.filter((item): item is Answer => typeof item === 'object' && item !== null);
}

/** The token of the environment (production; with the read token orders are refused), else the local one beside the configuration. */
function adminToken(config: string | undefined): string {
  const { ADMIN_TOKEN: given, READ_TOKEN: reading } = process.env;
  return (
    given ??
    reading ??
    localSecrets(findConfigFile(config), process.env, ['ADMIN_TOKEN']).values['ADMIN_TOKEN'] ??
    ''
  );
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandFailure(`Nobody answers at ${url}: ${why}`);
  }
}

async function read(answer: Response): Promise<Answer | undefined> {
  const text = await answer.text();
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null ? { ...said } : undefined;
  } catch {
    return undefined;
  }
}
