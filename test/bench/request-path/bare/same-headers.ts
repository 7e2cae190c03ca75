const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const forwardedBefore = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
];

/** (b) A Worker that does the header work of a proxy, and nothing else, written the obvious way. */
export default {
  fetch(request: Request, { ORIGIN }: { ORIGIN: string }): Promise<Response> {
    const url = new URL(request.url);
    const target = new URL(`/a${url.pathname}${url.search}`, ORIGIN);
    const { method, body } = request;
    return fetch(target, { method, headers: headersFor(request, url), body, redirect: 'manual' });
  },
};

function headersFor(request: Request, url: URL): Headers {
  const headers = new Headers(request.headers);
  const listed = (headers.get('connection') ?? '').split(',').map((name) => name.trim());
  for (const name of [...listed, ...hopByHop, ...forwardedBefore]) if (name !== '') headers.delete(name);
  for (const name of Array.from(headers.keys())) if (/^limpet[-_]/.test(name)) headers.delete(name);
  stripCookie(headers);
  const address = headers.get('cf-connecting-ip') ?? 'unknown';
  const scheme = url.protocol.slice(0, -1);
  headers.set('x-forwarded-for', address);
  headers.set('x-forwarded-proto', scheme);
  headers.set('x-forwarded-host', url.host);
  headers.set('forwarded', `for=${address};host="${url.host}";proto=${scheme}`);
  headers.append('via', '1.1 bench');
  return headers;
}

function stripCookie(headers: Headers): void {
  const pairs = (headers.get('cookie') ?? '').split('; ').filter((pair) => !pair.startsWith('limpet='));
  if (pairs.length === 0) headers.delete('cookie');
  else headers.set('cookie', pairs.join('; '));
}
