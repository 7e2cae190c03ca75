import type { ArgsDef } from 'citty';
import { configArg, jsonArg } from './args.ts';
import { findConfigFile, shown } from './config-file.ts';
import { CommandFailure } from './failure.ts';
import { type Judged, judgeConfig, problemLines } from './read-config.ts';
import { asJson, print } from './say.ts';
import { verb } from './verb.ts';

const args = {
  config: configArg,
  production: {
    type: 'boolean',
    description: 'Also what only Cloudflare refuses: origins without a host name, probes by plain connection',
  },
  json: jsonArg,
} as const satisfies ArgsDef;

export const check = verb({
  name: 'check',
  description: 'Say whether a configuration is right, or everything that is wrong with it',
  args,
  run: async ({ config, json, production }) => {
    const judged = await judgeConfig(findConfigFile(config), { production: production === true });
    return json ? checkAsJson(judged) : checkAsText(judged);
  },
});

function checkAsText(judged: Judged): void {
  if ('problems' in judged) throw new CommandFailure(problemLines(shown(judged.path), judged.problems));
  const { pools, routes } = judged.config;
  const origins = Object.values(pools).reduce((count, pool) => count + pool.origins.length, 0);
  print(
    `${shown(judged.path)} is right: ${counted(Object.keys(pools).length, 'pool')}, ${counted(origins, 'origin')}, ${counted(routes.length, 'route')}`,
  );
}

function checkAsJson(judged: Judged): void {
  const problems = 'problems' in judged ? judged.problems : [];
  print(asJson({ version: 1, file: judged.path, ok: problems.length === 0, problems }));
  if (problems.length > 0) throw new CommandFailure(`${shown(judged.path)} is not right`);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
