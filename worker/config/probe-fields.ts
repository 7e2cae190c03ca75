// The small languages of the probe options: statuses, what a body must have, headers. Each has a test and a reading.
import type { BodyMatch, StatusRange } from '../core/probing.ts';
import { isRecord } from './fields.ts';
import { isToken } from './patterns.ts';
import type { Flaw } from './problems.ts';

export type StatusInput = number | string;

/** `204`, `'2xx'`, `'200-299'`. */
export function isStatus(found: unknown): boolean {
  const range = typeof found === 'number' || typeof found === 'string' ? readStatus(found) : undefined;
  return range !== undefined && range.from >= 200 && range.to <= 599 && range.from <= range.to;
}

/** Undefined where it is not one. */
export function readStatus(status: StatusInput): StatusRange | undefined {
  if (typeof status === 'number') return Number.isInteger(status) ? { from: status, to: status } : undefined;
  const hundred = /^([2-5])xx$/i.exec(status)?.[1];
  if (hundred !== undefined) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 };
  const [, from, to] = /^(\d{3})-(\d{3})$/.exec(status) ?? [];
  return from === undefined ? undefined : { from: Number(from), to: Number(to) };
}

export function readStatuses(statuses: readonly StatusInput[]): readonly StatusRange[] {
  return statuses.flatMap((status) => readStatus(status) ?? []);
}

const patternForm = /^\/(.+)\/([imsu]*)$/s;

export function isBodyMatch(found: unknown): boolean {
  if (typeof found !== 'string' || found === '' || found.length > 1_000) return false;
  const [, source, flags] = patternForm.exec(found) ?? [];
  if (source === undefined) return true;
  try {
    return new RegExp(source, flags) instanceof RegExp;
  } catch {
    return false; // what the engine says of it is not ours to translate: the message says what is wanted
  }
}

/** `/…/` is a pattern, anything else a text that must stand somewhere. */
export function readBodyMatch(text: string | undefined): BodyMatch {
  if (text === undefined) return { kind: 'any' };
  const [, source, flags = ''] = patternForm.exec(text) ?? [];
  return source === undefined ? { kind: 'text', text } : { kind: 'pattern', source, flags };
}

/** What the runtime sets itself, and what only Limpet may say. */
const reserved = /^(host|connection|content-length|transfer-encoding|upgrade|limpet[-_].*)$/i;

export function areHeaders(found: unknown): boolean {
  if (!isRecord(found) || Object.keys(found).length > 20) return false;
  return Object.entries(found).every(
    ([name, value]) =>
      isToken(name) &&
      !reserved.test(name) &&
      typeof value === 'string' &&
      /^[\x20-\x7e]{0,1000}$/.test(value),
  );
}

/** A name as it stands in a url: lower case, no port. */
export const isHostName = (text: string) =>
  /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text) && !/^[\d.]+$/.test(text);

/** On Cloudflare a plain connection to one of its own addresses is refused, and most origins are behind one. */
export function socketRules(pools: unknown, production: boolean): Flaw[] {
  if (!production) return [];
  return Object.entries(isRecord(pools) ? pools : {}).flatMap(([name, pool]): Flaw[] => {
    const { health, attempts } = isRecord(pool) ? pool : {};
    const why = 'is for self-hosted use: Cloudflare refuses connections to its own addresses';
    const type = isRecord(health) && health['type'] === 'tcp';
    const checkMs = isRecord(attempts) ? attempts['connectCheckMs'] : undefined;
    return [
      ...(type
        ? [{ at: ['pools', name, 'health', 'type'], wanted: `"http" ("tcp" ${why})`, found: 'tcp' }]
        : []),
      ...(typeof checkMs === 'number' && checkMs > 0
        ? [{ at: ['pools', name, 'attempts', 'connectCheckMs'], wanted: `0 (it ${why})`, found: checkMs }]
        : []),
    ];
  });
}
