// node scripts/test.mjs PROJECT… [FILE or vitest option…]: the named vitest projects in turn, one summary at the end.
import { spawnSync } from 'node:child_process';
import { allProjects, count, forget, notRun, reportOf } from './reports.mjs';

const words = process.argv.slice(2);
const projects = words.filter((word) => allProjects.includes(word));
const filters = words.filter((word) => !allProjects.includes(word));

forget(projects);
const results = projects.map(run);
const absent = notRun();

console.log('');
for (const { project, passed, failed, seconds } of results) {
  console.log(`${project.padEnd(9)} ${passed} passed, ${failed} failed, ${seconds} s`);
}
for (const suite of absent) console.log(`not run: ${suite}`);

const incomplete = absent.length > 0 && process.env['CI'] === 'true';
if (incomplete) console.log('CI=true: a suite that was not run is a failure');
process.exit(incomplete || results.some(({ ok }) => !ok) ? 1 : 0);

/** @param {string} project */
function run(project) {
  const started = Date.now();
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportOf(project)}`];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' };
  const { status } = spawnSync('vitest', ['run', '--project', project, ...reporters, ...filters], {
    stdio: 'inherit',
    env,
  });
  const { passed, failed } = count(reportOf(project));
  return {
    project,
    passed,
    failed,
    ok: status === 0 && failed === 0,
    seconds: Math.round((Date.now() - started) / 1000),
  };
}
