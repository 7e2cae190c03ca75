/** One page of an application, and the request of a browser for it. The same for every Worker that is measured. */
export const body = `<!doctype html><title>bench</title>${'<p>A page of one kilobyte.</p>'.repeat(36)}`.slice(
  0,
  1024,
);

export const path = '/catalogue/item-17?colour=green';

/** In a request: the origin that must get it. In an answer: the origin that gave it. */
export const homeHeader = 'bench-home';

/** The application's own cookies, which an origin must get unchanged. */
export const ownCookies = 'theme=dark; sid=s%3AV0l1aXJ3dXpTaG9w.cGxlYXNlIGtlZXA';

const browser = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.9',
  'accept-encoding': 'gzip, deflate, br',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  // Cloudflare's edge says this one.
  'cf-connecting-ip': '203.0.113.7',
};

export interface Session {
  /** The affinity cookie as `name=value`. */
  readonly cookie: string;
  readonly home: string;
}

export function firstVisit(): Record<string, string> {
  return { ...browser, cookie: ownCookies };
}

export function laterVisit({ cookie, home }: Session): Record<string, string> {
  return { ...browser, cookie: `${cookie}; ${ownCookies}`, [homeHeader]: home };
}
