// npm run bench -- VERB [OPTION…]: measures, and refuses to print figures that mean nothing.
import { connectCheck } from './connect-check/connect-check.ts';
import { failover } from './failover/failover.ts';
import { pick } from './pick/pick.ts';
import { propagation } from './propagation/propagation.ts';
import { requestPath } from './request-path/request-path.ts';
import { shard } from './shard/shard.ts';

const verbs: Readonly<Record<string, (words: string[]) => Promise<number>>> = {
  'request-path': requestPath,
  pick,
  propagation,
  shard,
  failover,
  'connect-check': connectCheck,
};

const [name = '', ...words] = process.argv.slice(2);
const verb = verbs[name];
if (verb === undefined) {
  console.error(`Cannot measure "${name}" as it must be one of: ${Object.keys(verbs).join(', ')}`);
  process.exit(64);
}
// What was started ends with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
try {
  process.exit(await verb(words));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(70);
}
