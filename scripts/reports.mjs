// What test runs leave in .reports/: one JSON report per project, and the programs that suites looked for in vain.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

export const allProjects = ['rules', 'platform', 'system', 'long'];

const folder = '.reports';
const missing = `${folder}/not-run.jsonl`;

/** @typedef {{ passed: number, failed: number }} Count */

/** @param {string} project */
export const reportOf = (project) => `${folder}/${project}.json`;

/** @param {string[]} projects */
export function forget(projects) {
  mkdirSync(folder, { recursive: true });
  for (const file of [missing, ...projects.map(reportOf)]) rmSync(file, { force: true });
}

/** A run that ended before its report, or a file that could not be loaded, counts as one failure. @param {string} file @returns {Count} */
export function count(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const broken = report.testResults.filter(isBroken).length;
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken };
}

/** @param {{ status: string, assertionResults: { status: string }[] }} result */
function isBroken({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
}

/** @returns {Count} */
export function countAll() {
  return allProjects.map((project) => count(reportOf(project))).reduce(add, { passed: 0, failed: 0 });
}

/** @param {Count} a @param {Count} b */
function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed };
}

/** @returns {string[]} */
export function notRun() {
  if (!existsSync(missing)) return [];
  const lines = readFileSync(missing, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return [...new Set(lines.map(({ suite, program }) => `${suite} (needs ${program})`))];
}
