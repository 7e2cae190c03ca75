/** A client that sends no `Sec-Fetch-*` at all counts as navigating: it is no browser, or an old one. */
export function isNavigation(headers: Headers): boolean {
  const mode = headers.get('sec-fetch-mode');
  return mode === null || mode === 'navigate';
}

/** Whether a shared cache may keep the answer and hand it to others (RFC 9111 §3): a cookie on it would be everybody's. */
export function isSharedCacheable(headers: Headers): boolean {
  const control = headers.get('cache-control')?.toLowerCase();
  if (control === undefined) return headers.has('expires') && isLater(headers);
  if (/(^|[\s,])(private|no-store|no-cache)(?=$|[\s,=])/.test(control)) return false;
  if (/(^|[\s,])public(?=$|[\s,])/.test(control)) return true;
  const age = /(?:s-maxage|max-age)\s*=\s*"?(\d+)/.exec(control);
  return age !== null && Number(age[1]) > 0;
}

function isLater(headers: Headers): boolean {
  const expires = Date.parse(headers.get('expires') ?? '');
  const sent = Date.parse(headers.get('date') ?? '');
  return Number.isFinite(expires) && Number.isFinite(sent) && expires > sent;
}
