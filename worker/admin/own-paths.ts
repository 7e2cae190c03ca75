import type { Edge } from '../visit.ts';
import { adminApi } from './admin-api.ts';
import { registration } from './registration.ts';
import { storeApi } from './store-api.ts';

/** Paths that are Limpet's own and reach no origin. */
const prefix = '/.limpet/';

export function isOwnPath(target: string): boolean {
  return target.startsWith(prefix);
}

export function answerOwnPath(request: Request, edge: Edge): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith(`${prefix}admin/`)) return adminApi(request, edge);
  return pathname.startsWith(`${prefix}origins/`) ? registration(request, edge) : storeApi(request, edge);
}
