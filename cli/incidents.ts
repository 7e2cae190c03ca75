import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn, poolArg, withQuery } from './admin.ts';
import { heardPoolsIn } from './answers.ts';
import { usageFailure } from './failure.ts';
import { incidentPage, recoveryText, sinceText } from './incident-page.ts';
import { repeatedly, watchArg } from './repeatedly.ts';
import { asJson } from './say.ts';
import { columns } from './table.ts';
import { verb } from './verb.ts';

const args = {
  what: { type: 'positional', description: '"show" for one of them', required: false },
  id: { type: 'positional', description: 'Its id, such as shop:17', required: false },
  ...adminArgs,
  pool: poolArg,
  watch: watchArg,
} as const satisfies ArgsDef;

export const incidents = verb({
  name: 'incidents',
  description: 'List the failures of origins of the last 30 days and the time that each took to recover from',
  args,
  run: ({ what, id, json, pool, watch, ...site }) => {
    const wanted = wantedId(what, id);
    return repeatedly(watch, async () => {
      if (wanted !== undefined) {
        const told = await askAdmin(site, `incidents/${encodeURIComponent(wanted)}`);
        return json ? asJson(told) : incidentPage(told);
      }
      const told = await askAdmin(site, withQuery('incidents', { pool }));
      return json ? asJson(told) : table(told);
    });
  },
});

function wantedId(what: string | undefined, id: string | undefined): string | undefined {
  if (what === undefined) return undefined;
  if (what !== 'show')
    throw usageFailure(`Unexpected "${what}" after limpet incidents. See: npx limpet incidents --help`);
  if (id === undefined || id === '')
    throw usageFailure('Wanted the id of an incident after "limpet incidents show", found nothing');
  return id;
}

const headings = [
  'ID',
  'ORIGIN',
  'BEGAN',
  'STATE',
  'DETECTED BY',
  'HOW',
  'T',
  'MOVED',
  'EMPTY',
  'FAILED',
  'LOST WRITES',
];

function table(told: Answer): string {
  const rows = heardPoolsIn(told).flatMap((pool) =>
    listIn(pool, 'incidents').map((incident) => row(incident, Number(told['now']))),
  );
  return rows.length === 0 ? 'No incidents in the last 30 days' : columns([headings, ...rows]);
}

function row(incident: Answer, now: number): string[] {
  const { id, origin, kind, detectedBy, how, moved, empty, failed, lostWrites } = incident;
  const began = new Date(Number(incident['firstFailureAt'])).toISOString().slice(0, 19);
  const by = kind === 'drill' ? 'a drill' : detectedBy;
  return [
    id,
    origin,
    began,
    sinceText(incident, now),
    by,
    how,
    recoveryText(incident),
    moved,
    empty,
    failed,
    lostWrites,
  ].map(String);
}
