// Where an origin may be that registers itself: the pattern of its id, its hosts, and the rules that hold for configured origins too.
import { addressRules, type AddressRules } from './address-rules.ts';
import { isName, isOriginUrl, readOriginUrl } from './patterns.ts';
import { type Flaw, sentence, problemOf } from './problems.ts';

/** `web-*`, or one id. */
export const isIdPattern = (text: string) => /^[^*]+\*?$/.test(text) && isName(text.replace(/\*$/, ''));

export function fitsIds(id: string, pattern: string): boolean {
  if (!isName(id)) return false;
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
}

const network = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?$/;

/** `a.example.com`, `*.example.com`, `10.0.0.0/8`, `10.1.2.3`. */
export function isHostPattern(text: string): boolean {
  const [, address, bits = '32'] = network.exec(text) ?? [];
  if (address !== undefined)
    return address.split('.').every((part) => Number(part) <= 255) && Number(bits) >= 8 && Number(bits) <= 32;
  return /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text) && !/^(\*\.)?[\d.]+$/.test(text);
}

/** `hostname` as `URL.hostname` writes it. */
export function fitsHost(hostname: string, pattern: string): boolean {
  const [, address, bits = '32'] = network.exec(pattern) ?? [];
  if (address !== undefined) {
    if (!network.test(hostname)) return false;
    const shift = 32 - Number(bits);
    return number4(hostname) >>> shift === number4(address) >>> shift;
  }
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

function number4(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export interface RegisteredUrlRules extends AddressRules {
  readonly allowed: readonly string[];
}

export type ReadUrl =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly why: string };

/** The url as it is kept, or what is wrong with it: the rules of configured origins, and one of the hosts that are allowed. */
export function readRegisteredUrl(found: unknown, { allowed, ...addresses }: RegisteredUrlRules): ReadUrl {
  const wanted = 'an http or https url without user, password, query and fragment';
  if (typeof found !== 'string' || !isOriginUrl(found)) return wrong([{ at: ['url'], wanted, found }]);
  const { url, hostname } = readOriginUrl(found);
  const flaws = addressRules(url, addresses);
  if (flaws.length > 0) return wrong(flaws.map((flaw) => ({ ...flaw, at: ['url'] })));
  if (allowed.some((pattern) => fitsHost(hostname, pattern))) return { ok: true, url };
  return wrong([{ at: ['url'], wanted: `a host of registration.hosts (${allowed.join(', ')})`, found }]);
}

function wrong(flaws: readonly Flaw[]): ReadUrl {
  return { ok: false, why: flaws.map((flaw) => sentence(problemOf(flaw))).join('; ') };
}
