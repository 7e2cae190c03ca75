import { type Answer, listIn } from './admin.ts';
import { CommandFailure } from './failure.ts';

/** Of each pool, what its monitor said. One that does not answer is a failure: a table without its rows would look complete. */
export function heardPoolsIn(answer: Answer): readonly Answer[] {
  const pools = listIn(answer, 'pools');
  const away = pools.find(({ unreachable }) => unreachable !== undefined);
  if (away === undefined) return pools;
  throw new CommandFailure(
    `The monitor of pool ${String(away['pool'])} does not answer: ${String(away['unreachable'])}`,
  );
}

/** The answers of a call that goes on where the one before has stopped: `ask` gets its cursor. */
export async function* pagesOf(ask: (cursor: string | undefined) => Promise<Answer>): AsyncGenerator<Answer> {
  let cursor: string | undefined;
  do {
    const answer = await ask(cursor);
    yield answer;
    cursor = typeof answer['cursor'] === 'string' ? answer['cursor'] : undefined;
  } while (cursor !== undefined);
}
