import { publicUrl, secrets } from './deployment.ts';
import type { World } from './world.ts';

/** An operator drains an origin and sweeps it now and then; later it takes new sessions again. */
export function drain(world: World, origin: string, forMs: number): void {
  void order(world, origin, 'drain', { deadlineMs: forMs });
  for (const atMs of [2_500, 5_000]) {
    if (atMs < forMs)
      world.scheduler.after(atMs, world.outside, () => void order(world, origin, 'sweep', {}));
  }
}

/** What nobody answers is not asked again: an operator's mistake that the world must bear. */
export async function order(world: World, origin: string, verb: string, body: object): Promise<void> {
  const edge = world.chance.pick(world.edges);
  const url = `${publicUrl}/.limpet/admin/origins/${origin}/${verb}`;
  const headers = { authorization: `Bearer ${secrets.adminToken}` };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  try {
    const response = await world.network.ask<Response>({
      from: world.outside,
      link: `operator>${edge.name}`,
      label: `${verb} ${origin}`,
      mayDouble: false,
      target: () => edge.context('admin'),
      handle: () => edge.handle(new Request(url, init)),
      refused: () => new Response('refused', { status: 521 }),
      lost: () => new Response('lost', { status: 520 }),
      signal: undefined,
    });
    world.scheduler.note(
      `operator: ${verb} ${origin} → ${response.status} ${(await response.text()).slice(0, 90)}`,
    );
  } catch (error) {
    world.scheduler.note(`operator: ${verb} ${origin} → ${String(error)}`);
  }
}
