import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin } from './admin.ts';
import { CommandFailure, usageFailure } from './failure.ts';
import { incidentPage } from './incident-page.ts';
import { asJson, print, say } from './say.ts';
import { verb } from './verb.ts';

const args = {
  ...adminArgs,
  pool: { type: 'string', description: 'The pool', valueHint: 'NAME', required: true },
  origin: { type: 'string', description: 'The origin that is seen as failed', valueHint: 'ID' },
  share: { type: 'string', description: 'Of its sessions, up to 25%', valueHint: 'N%', default: '1%' },
  for: { type: 'string', description: 'How long, up to 10m', valueHint: '60s', default: '60s' },
  stop: { type: 'boolean', description: 'End the drill that is under way' },
} as const satisfies ArgsDef;

export const drill = verb({
  name: 'drill',
  description:
    'A fire drill: some sessions of an origin see it as failed, move with their data, and stay there',
  args,
  run: async ({ pool, origin, share, for: span, stop, json, ...site }) => {
    if (stop === true) {
      const told = await askAdmin(site, 'drill/stop', { pool });
      return print(json ? asJson(told) : `Stopped drill ${String(told['stopped'])}`);
    }
    if (origin === undefined || origin === '')
      throw usageFailure('Wanted --origin ID (or --stop), found neither');
    const order = { pool, origin, sharePercent: percentOf(share), forMs: spanMsOf(span) };
    const begun = await askAdmin(site, 'drill', order);
    const id = String(incidentIn(begun)['id']);
    say(
      `Drill ${id}: ${share} of the sessions of ${origin} see it as failed for ${span}. End it before: npx limpet drill --pool ${pool} --stop`,
    );
    const told = await followed(site, id);
    print(json ? asJson(told) : incidentPage(told));
    judge(incidentIn(told));
  },
});

const lookEveryMs = 1_000;
/** Edges tell what they have seen at most ten seconds late. */
const tellingMs = 11_000;

/** Waits until the drill is over and all that was seen of it has been told. */
async function followed(site: Parameters<typeof askAdmin>[0], id: string): Promise<Answer> {
  let shown = '';
  for (;;) {
    const told = await askAdmin(site, `incidents/${encodeURIComponent(id)}`);
    const { endedAt, moved, failed, lostWrites } = incidentIn(told);
    const progress = `${String(moved)} moved, ${String(failed)} failed, ${String(lostWrites)} writes lost`;
    if (progress !== shown) say(progress);
    shown = progress;
    if (typeof endedAt === 'number' && Number(told['now']) - endedAt >= tellingMs) return told;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** A drill that did harm ends with 1. */
function judge({ id, aborted, failed, empty, lostWrites }: Answer): void {
  if (aborted !== null && aborted !== 'operator')
    throw new CommandFailure(`Drill ${String(id)} was ended early: ${String(aborted)}`);
  if (Number(failed) + Number(empty) + Number(lostWrites) === 0) return;
  throw new CommandFailure(
    `Drill ${String(id)} did harm: ${String(failed)} requests failed, ${String(empty)} sessions without data, ${String(lostWrites)} writes lost`,
  );
}

function incidentIn(told: Answer): Answer {
  const incident = told['incident'];
  if (typeof incident !== 'object' || incident === null)
    throw new CommandFailure('Wanted an "incident" in the answer, found none');
  return { ...incident };
}

function percentOf(text: string): number {
  const [, number] = /^([0-9]+(?:\.[0-9]+)?)%$/.exec(text) ?? [];
  if (number === undefined) throw usageFailure(`Wanted a share such as 1% after --share, found "${text}"`);
  return Number(number);
}

function spanMsOf(text: string): number {
  const [, number, unit] = /^([0-9]+)(s|m)$/.exec(text) ?? [];
  if (number === undefined)
    throw usageFailure(`Wanted a time such as 60s or 5m after --for, found "${text}"`);
  return Number(number) * (unit === 'm' ? 60_000 : 1_000);
}
