/** An answer of the admin API: the version of its form stands first, and nobody keeps it. */
export function json(answer: Readonly<Record<string, unknown>>): Response {
  return Response.json({ version: 1, ...answer }, { headers: { 'cache-control': 'no-store' } });
}
