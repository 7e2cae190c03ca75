/** A client that sends no `Sec-Fetch-*` at all counts as navigating: it is no browser, or an old one. */
export function isNavigation(headers: Headers): boolean {
  const mode = headers.get('sec-fetch-mode');
  return mode === null || mode === 'navigate';
}

/** Fields that only shared caches read (RFC 9213), and that overrule `Cache-Control` there. */
export const sharedCacheFields = ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control'];

/** Whether a shared cache may keep the answer and hand it to others (RFC 9111 §3): a cookie on it would be everybody's. */
export function mayBeShared(headers: Headers): boolean {
  const control = sharedCacheFields.map((name) => headers.get(name)).find((field) => field !== null);
  return control === undefined || control === null ? isSharedCacheable(headers) : (allowed(control) ?? false);
}

/** The same by `Cache-Control` and `Expires` alone: what makes an answer fit for the fallback. */
export function isSharedCacheable(headers: Headers): boolean {
  const control = headers.get('cache-control');
  const isAllowed = control === null ? undefined : allowed(control);
  return isAllowed ?? (headers.has('expires') && isLater(headers));
}

/** What a shared cache may do by this field; undefined where it says nothing of that. */
function allowed(field: string): boolean | undefined {
  const control = field.toLowerCase();
  if (/(^|[\s,])(private|no-store|no-cache)(?=$|[\s,=])/.test(control)) return false;
  if (/(^|[\s,])public(?=$|[\s,])/.test(control)) return true;
  const age = /s-maxage\s*=\s*"?(\d+)/.exec(control) ?? /max-age\s*=\s*"?(\d+)/.exec(control);
  return age === null ? undefined : Number(age[1]) > 0;
}

function isLater(headers: Headers): boolean {
  const expires = Date.parse(headers.get('expires') ?? '');
  const sent = Date.parse(headers.get('date') ?? '');
  return Number.isFinite(expires) && Number.isFinite(sent) && expires > sent;
}
