import type { Edge } from '../lab.ts';

const hourMs = 3_600_000;

function limits() {
  const endsAt = Date.now() + 12 * hourMs;
  return { endsAt, expiresAt: Date.now() + hourMs };
}

/** Another edge, far away, moves the session to this origin. */
export async function claimElsewhere(edge: Edge, session: string, home: string): Promise<void> {
  const { row } = (await edge.shard(session, 'locate', 'shop', session)) as {
    row: { home: string; epoch: number };
  };
  const said = await edge.shard(session, 'claim', 'shop', session, {
    by: 'edge',
    expected: row.epoch,
    home,
    instance: '',
    nonce: `test-${Date.now()}`,
    uncopied: 'keep',
    assumed: row,
    limits: limits(),
  });
  if ((said as { kind: string }).kind !== 'claimed')
    throw new Error(`The claim was answered ${JSON.stringify(said)}`);
}

/** The visitor logs out elsewhere. */
export async function endElsewhere(edge: Edge, session: string): Promise<void> {
  await edge.shard(session, 'end', 'shop', session, {
    home: 'somewhere',
    instance: 'another-instance-0',
    endsAt: limits().endsAt,
  });
}
