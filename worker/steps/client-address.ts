import type { Config } from '../config/config.ts';

/** The client's address as the platform tells it; `''` where it does not. */
export function clientAddress(request: Request, config: Config): string {
  return request.headers.get(config.clientAddress.header) ?? peerAddress(request.cf?.['clientIp']);
}

/** The other end of the connection, as workerd on one's own machine says it: `203.0.113.7:4711`, `[2001:db8::7]:4711`. Cloudflare has no such field. */
function peerAddress(peer: unknown): string {
  if (typeof peer !== 'string') return '';
  return peer.slice(0, peer.lastIndexOf(':')).replace(/^\[(::ffff:(?=[\d.]+\]))?|\]$/g, '');
}

/** What names a client by its address: an IPv4 address, or the /64 of an IPv6 one, whose owner changes the rest at will. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`;
}

function groupsOf(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  return [...front, ...zeros, ...back].map((group) => group.replace(/^0+(?=.)/, ''));
}
