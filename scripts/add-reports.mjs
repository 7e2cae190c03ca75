// The last line of a CI run: `N passed, N failed` over all reports. Exit code 1 when anything failed.
import { countAll } from './reports.mjs';

const { passed, failed } = countAll();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
