// The layers of docs/request.md: imports point down only, type imports included. One line per layer: what it may import.
const core = '^worker/core/';
const config = '^worker/config/';
const ports = '^worker/(ports/.+|ports|visit)[.]ts$'; // what the shell needs from the platform, and what it carries through a request
const floor = [core, config, ports];
const stores = '^worker/stores/';
const observe = '^worker/observe/';
const steps = '^worker/steps/';
const verbs = '^worker/steps/(route|identify|settle|forward|keep|stick|record)[.]ts$'; // what the pipeline is made of
const pipeline = '^worker/pipeline[.]ts$';
const admin = '^worker/admin/';
const objects = '^durable-objects/';
const sdk = '^sdk/(?!express|fastify|redis)'; // runs anywhere
const express = '^sdk/(express|fastify|redis)'; // runs in Node
const cli = '^cli/';

const npm = (name) => `(^|/)node_modules/${name}/`;
const platform = '^cloudflare:';
const builtins = { dependencyTypesNot: ['core'] }; // Node's own modules are allowed besides

const layers = [
  ['core', core, [core]],
  ['config', config, [core, config, npm('valibot')]],
  ['ports', ports, floor],
  ['stores', stores, [...floor, stores, platform]],
  ['observe', observe, [...floor, observe]],
  ['steps', steps, [...floor, stores, observe, steps]],
  ['pipeline', pipeline, [...floor, stores, observe, steps]],
  ['admin', admin, [...floor, stores, observe, steps, pipeline, admin, npm('itty-router')]],
  ['durable-objects', objects, [...floor, stores, objects, platform]],
  ['sdk', sdk, [sdk]],
  ['sdk-express', express, [sdk, express, npm('express-session'), npm('fastify')], builtins],
  [
    'cli',
    cli,
    [cli, '^dist/cli/', core, config, npm('citty'), npm('esbuild'), npm('miniflare'), npm('workerd')],
    builtins,
  ],
];

const entries = '^worker/[^/]+[.]ts$';
const inner = layers.map(([, path]) => path);

module.exports = {
  forbidden: [
    ...layers.map(([name, path, allowed, besides]) => ({
      name: `layer-${name}`,
      severity: 'error',
      comment: `${name} imports only what lies below it`,
      from: { path },
      to: { pathNot: allowed, ...besides },
    })),
    {
      name: 'only-the-pipeline-calls-steps',
      severity: 'error',
      comment: 'steps may share parts, but no step calls another: their order is read in the pipeline',
      from: { path: steps },
      to: { path: verbs },
    },
    {
      name: 'layer-entry',
      severity: 'error',
      comment: 'an entry of the Worker composes what lies below it',
      from: { path: entries, pathNot: [pipeline, ports] },
      to: { pathNot: ['^worker/', objects, '^limpet[.]config[.]ts$', platform] },
    },
    {
      name: 'examples-use-the-package',
      severity: 'error',
      comment: 'an example shows what a stranger can write',
      from: { path: '^examples/' },
      to: { path: inner },
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
