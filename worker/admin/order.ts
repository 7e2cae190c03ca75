import type { IRequest } from 'itty-router';
import { bodyWithin } from '../core/body.ts';

const orderBytesMax = 4_096;

/** The body of an order: a JSON object, or undefined where it is none. */
export async function orderIn({ body }: IRequest): Promise<Readonly<Record<string, unknown>> | undefined> {
  const bytes = await bodyWithin(body, orderBytesMax);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
