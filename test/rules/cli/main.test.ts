import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../cli/main.ts';
import { folderWith, goodConfig } from './folder.ts';
import { listen } from './said.ts';

describe('limpet', () => {
  it.each([
    [['chek'], 'Unknown command "chek". Did you mean "check"? See: npx limpet --help'],
    [
      ['frobnicate'],
      'Unknown command "frobnicate". The commands are: dev, serve, check, key, status, origins, drain, activate, down, disable, weight, rebalance, route-only, sessions, subject, lost, incidents, drill, shards, promote. See: npx limpet --help',
    ],
    [
      ['dev', '--presist', 'x'],
      'Unknown option "--presist" of limpet dev. Did you mean "--persist"? See: npx limpet dev --help',
    ],
    [['check', 'extra'], 'Unexpected "extra" after limpet check. See: npx limpet check --help'],
    [['key'], 'Missing required positional argument: ORIGIN. See: npx limpet --help'],
    [['dev', '--port', '80a'], '--port: wanted a whole number from 0 (any free port) to 65535, found "80a"'],
    [['dev', '--persist'], 'Wanted a folder after --persist, found nothing'],
    [['check', '--config'], 'Wanted a file after --config, found nothing'],
  ])('[CL1] wrong usage ends with 3 and one sentence on stderr: %j', async (argv, sentence) => {
    const said = listen();
    expect(await run(argv)).toBe(3);
    expect([said.stdout(), said.stderr()]).toEqual(['', `${sentence}\n`]);
  });

  it.each([[['--help']], [['help']], [['dev', '--help']], [['key', '-h']], [['check', '--help']]])(
    '[CL1] help is data, with an example: %j',
    async (argv) => {
      const said = listen();
      expect(await run(argv)).toBe(0);
      expect(said.stdout()).toMatch(/USAGE limpet[\s\S]*EXAMPLE {2}npx limpet /);
      expect(said.stderr()).toBe('');
    },
  );
});

describe('limpet check', () => {
  it('[CL8] a right configuration ends with 0, from anywhere on disk', async () => {
    const said = listen();
    const file = join(folderWith({ 'edge.ts': goodConfig }), 'edge.ts');
    expect(await run(['check', '--config', file])).toBe(0);
    expect(said.stdout()).toBe(`${file} is right: 1 pool, 2 origins, 1 route\n`);
  });

  it('[CL15] all problems are printed, and it ends with 1', async () => {
    const said = listen();
    const bad = goodConfig.replace("id: 'b'", "id: 'a'").replace("'/*'", "'nowhere'");
    const file = join(folderWith({ 'edge.ts': bad }), 'edge.ts');
    expect(await run(['check', '--config', file])).toBe(1);
    expect(said.stderr()).toMatch(
      /has 2 problems:\n {2}pools\.shop\.origins\.1\.id: .*\n {2}routes\.0\.match: /,
    );
    expect(said.stdout()).toBe('');
  });

  it('[CL17] --production also names what only Cloudflare refuses', async () => {
    const said = listen();
    const file = join(folderWith({ 'edge.ts': goodConfig }), 'edge.ts');
    expect(await run(['check', '--config', file, '--production'])).toBe(1);
    expect(said.stderr()).toMatch(
      /has 2 problems:\n {2}pools\.shop\.origins\.0\.url: wanted a host name that Cloudflare can reach/,
    );
  });

  it('[CL15] --json says the same to a program', async () => {
    const said = listen();
    const file = join(folderWith({ 'edge.ts': goodConfig.replace("'/*'", "'nowhere'") }), 'edge.ts');
    expect(await run(['check', '--json', '--config', file])).toBe(1);
    expect(JSON.parse(said.stdout())).toMatchObject({
      version: 1,
      file,
      ok: false,
      problems: [{ path: 'routes.0.match' }],
    });
  });

  it.each([
    ['export default {', /Cannot read .*edge\.ts:[\s\S]*edge\.ts:1:16/],
    [
      'export const pools = {}',
      /edge\.ts: wanted `export default defineConfig\(\{ … \}\)`, found no default export/,
    ],
    ['throw new Error("no luck")', /Cannot run .*edge\.ts: no luck/],
    ["import './nothing.ts'", /Could not resolve "\.\/nothing\.ts"/],
  ])('[CL8] a file that cannot be loaded is one sentence with its place: %s', async (text, sentence) => {
    const said = listen();
    const file = join(folderWith({ 'edge.ts': text }), 'edge.ts');
    expect(await run(['check', '--config', file])).toBe(1);
    expect(said.stderr()).toMatch(sentence);
    expect(said.stderr()).not.toContain('node_modules');
  });

  it('[CL8] a file that is not there is named', async () => {
    const said = listen();
    expect(await run(['check', '--config', '/nowhere/edge.ts'])).toBe(1);
    expect(said.stderr()).toBe('Cannot find the configuration: there is no /nowhere/edge.ts.\n');
  });
});
