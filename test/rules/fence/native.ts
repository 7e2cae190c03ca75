import { createRequire } from 'node:module';

// Loaded by Node itself, as `npm run simulate` does: the simulation puts its own modules in place of the platform's.
const simulation: typeof import('../../simulation/stage.ts') = createRequire(import.meta.url)(
  '../../simulation/stage.ts',
);

export const { Stage } = simulation;
export type Stage = import('../../simulation/stage.ts').Stage;
