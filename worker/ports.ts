/** What the shell needs from the platform. Everything that differs between Cloudflare, a laptop and a simulated world stands here. */

export type * from './ports/platform.ts';
export type * from './ports/sessions.ts';
export type * from './ports/desk.ts';
export type * from './ports/promotion.ts';
export type * from './ports/monitor.ts';
export type * from './ports/incidents.ts';
export type * from './ports/health.ts';
export type * from './ports/fallback.ts';
