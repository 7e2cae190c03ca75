import type { OriginId } from '../../worker/core/ids.ts';
import type { Resident, ResidentsWish, SubjectStep } from '../../worker/ports.ts';
import type { Ledger } from './ledger.ts';

/** Pages that one step looks at: other calls get in between. */
const pagesPerStep = 32;

/** Who lives on an origin is in no index: it would be a row per write. All pages are read, a few at a time. */
export function residents(
  ledger: Ledger,
  { origin, from, limit }: ResidentsWish,
  now: number,
): SubjectStep<Resident> {
  const found: Resident[] = [];
  for (const [looked, bucket] of ledger.bucketsFrom(from).entries()) {
    const here = residentsOf(ledger, bucket, origin, now);
    if (looked >= pagesPerStep || (found.length > 0 && found.length + here.length > limit))
      return { found, next: bucket };
    found.push(...here);
  }
  return { found, next: undefined };
}

function residentsOf(ledger: Ledger, bucket: number, origin: OriginId, now: number): Resident[] {
  return ledger.entriesOf(bucket, now).flatMap(({ session, slot }) => {
    if (slot.kind !== 'row' || slot.row.home !== origin) return [];
    const { epoch, version } = slot.row;
    return [{ session, epoch, version }];
  });
}
