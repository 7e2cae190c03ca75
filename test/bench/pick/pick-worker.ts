import { murmur3 } from '../../../worker/core/hash.ts';
import { originId } from '../../../worker/core/ids.ts';
import { type Candidate, type Placement, place, placementOf } from '../../../worker/core/rendezvous.ts';

const weights = [1, 2, 5];

function candidates(count: number): Candidate[] {
  return Array.from({ length: count }, (_, at) => ({
    id: originId(`origin-${at}`),
    weight: weights[at % 3] ?? 1,
  }));
}

const always = (): boolean => true;

function pick(placement: Placement, count: number): void {
  for (let key = 0; key < count; key++) place(placement, Math.imul(key, 0x9e3779b1), always);
}

/** What most libraries do: hash key and origin together, and take a logarithm for each. */
function pickNaively(origins: readonly Candidate[], count: number): void {
  for (let key = 0; key < count; key++) {
    let best = 0;
    for (const { id, weight } of origins) {
      const draw = murmur3(`session-${key}:${id}`, 0) >>> 0;
      best = Math.max(best, -weight / Math.log((draw + 0.5) / 4294967296));
    }
  }
}

/** `/?how=pick&origins=100&count=20000`: does that many picks. The clock stands still in here, so it is timed from outside. */
export default {
  fetch(request: Request): Response {
    const { searchParams } = new URL(request.url);
    const origins = candidates(Number(searchParams.get('origins')));
    const count = Number(searchParams.get('count'));
    if (searchParams.get('how') === 'pick') pick(placementOf(origins), count);
    else pickNaively(origins, count);
    return new Response('done');
  },
};
