import type { Refusal, Visit } from '../visit.ts';

/** A refusal as a browser shows it, or as a program reads it. Nothing of the request stands in it. */
export async function errorPage(
  { request, pool }: Visit,
  refusal: Refusal,
): Promise<{ body: string; type: string }> {
  const { code, message, status } = refusal;
  const wantsPage = request.headers.get('accept')?.includes('text/html') ?? false;
  if (!wantsPage) return { body: JSON.stringify({ code, message }), type: 'application/json' };
  const own = status === 503 ? await pool.fallback.page() : undefined;
  return { body: own ?? defaultPage(refusal), type: 'text/html; charset=utf-8' };
}

function defaultPage({ status, code, message }: Refusal): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${titles[status]}</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  main { max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem }
  code { opacity: .7 }
</style>
<main>
  <h1>${titles[status]}</h1>
  <p>${message}</p>
  <p><code>${code}</code></p>
</main>
`;
}

const titles = {
  409: 'Please try that again',
  502: 'That did not go through',
  503: 'Back in a moment',
  504: 'No answer in time',
} as const;
