/** What a browser can read of the affinity cookie: its session, and how new it is. */
export interface Cookie {
  readonly text: string;
  readonly session: string;
  readonly epoch: number;
  readonly renewedMs: number;
}

export function cookieIn(values: readonly string[]): Cookie | undefined {
  const text = values.find((value) => value.startsWith('__Host-limpet='))?.split(';')[0];
  const [, session, , epoch, , , renewed] = text?.split('.') ?? [];
  if (text === undefined || session === undefined) return undefined;
  return { text, session, epoch: from36(epoch), renewedMs: from36(renewed) * 1_000 };
}

/** As it stands in the log. */
export function cookieText(cookie: Cookie | undefined): string {
  if (cookie === undefined) return '';
  const [, , tag, , incarnation] = cookie.text.split('.');
  return `, cookie ${cookie.session.slice(-4)} home ${tag} epoch ${cookie.epoch} inc ${from36(incarnation)}`;
}

function from36(text: string | undefined): number {
  return Number.parseInt(text ?? '', 36);
}
