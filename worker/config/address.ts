/**
 * What the host of a url is, once the WHATWG parser has normalised it (it turns `2130706433`, `0x7f.1` and
 * `127。0。0。1` into `127.0.0.1`). Names are not looked up: only what is written can be judged here.
 */
export type AddressKind = 'name' | 'loopback' | 'private' | 'forbidden' | 'public';

// The services that hand a machine's credentials to whoever asks from inside it.
const metadataNames = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

type Range = readonly [network: string, bits: number, kind: AddressKind];

const ranges4: readonly Range[] = [
  ['169.254.0.0', 16, 'forbidden'],
  ['100.100.100.200', 32, 'forbidden'], // Alibaba's metadata
  ['192.0.0.192', 32, 'forbidden'], // Oracle's metadata
  ['0.0.0.0', 8, 'forbidden'],
  ['224.0.0.0', 3, 'forbidden'], // multicast, reserved, broadcast
  ['127.0.0.0', 8, 'loopback'],
  ['10.0.0.0', 8, 'private'],
  ['172.16.0.0', 12, 'private'],
  ['192.168.0.0', 16, 'private'],
  ['100.64.0.0', 10, 'private'],
  ['192.0.0.0', 24, 'private'],
  ['198.18.0.0', 15, 'private'],
];

/** `hostname` as `URL.hostname` writes it. */
export function addressKind(hostname: string): AddressKind {
  if (hostname.startsWith('[')) return kindOf6(groups(hostname.slice(1, -1)));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(hostname)) return kindOf4(number4(hostname));
  const name = hostname.replace(/\.$/, '');
  if (metadataNames.has(name)) return 'forbidden';
  return name === 'localhost' || name.endsWith('.localhost') ? 'loopback' : 'name';
}

function kindOf4(address: number): AddressKind {
  const inside = ([network, bits]: Range) => address >>> (32 - bits) === number4(network) >>> (32 - bits);
  return ranges4.find(inside)?.[2] ?? 'public';
}

function number4(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function kindOf6(parts: readonly number[]): AddressKind {
  const [a = 0, b = 0, c = 0] = parts;
  const last = (parts[6] ?? 0) * 65536 + (parts[7] ?? 0);
  const leading = parts.slice(0, 6).join(':');
  if (leading === '0:0:0:0:0:0') return last === 1 ? 'loopback' : kindOf4(last);
  if (leading === '0:0:0:0:0:65535' || leading === '100:65435:0:0:0:0') return kindOf4(last); // ::ffff:0:0/96, 64:ff9b::/96
  if (a === 0x2002) return kindOf4(b * 65536 + c); // 6to4 carries an IPv4 address too
  if (a >= 0xff00 || (a & 0xff80) === 0xfe80) return 'forbidden'; // multicast; link-local, site-local
  if (a === 0xfd00 && b === 0xec2) return 'forbidden'; // Amazon's metadata
  return (a & 0xfe00) === 0xfc00 ? 'private' : 'public';
}

/** The eight numbers of an IPv6 address as the url parser writes it: compressed, no dotted tail. */
function groups(address: string): readonly number[] {
  const [head = '', tail = ''] = address.split('::');
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((part) => Number.parseInt(part, 16));
  const [before, after] = [numbers(head), numbers(tail)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
