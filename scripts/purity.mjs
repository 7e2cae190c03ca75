// worker/core/ is pure: time and chance are arguments, and nothing there talks to the world.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const members = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'crypto.getRandomValues',
  'crypto.randomUUID',
]);
const names = new Set(['fetch', 'caches', 'setTimeout', 'setInterval', 'storage', 'process', 'console']);

/**
 * @param {string} root
 * @param {string[]} files
 * @returns {string[]}
 */
export function impurities(root, files) {
  return files.filter((file) => file.startsWith('worker/core/')).flatMap((file) => inFile(root, file));
}

/** @param {string} root @param {string} file */
function inFile(root, file) {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  /** @type {string[]} */
  const found = [];
  const visit = (/** @type {ts.Node} */ node) => {
    const what = impurity(node);
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    if (what) found.push(`${file}:${line}: ${what} in the core (core-is-pure)`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** @param {ts.Node} node */
function impurity(node) {
  if (ts.isNewExpression(node) && node.getText() === 'new Date()') return 'new Date()';
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText().replace(/^globalThis[.]/, '');
    return members.has(text) || node.name.text === 'storage' ? text : undefined;
  }
  return ts.isIdentifier(node) && names.has(node.text) && isGlobal(node) ? node.text : undefined;
}

// `fetch` as the name of a property or of a parameter is a word, not the platform's function.
/** @param {ts.Identifier} node */
function isGlobal({ parent, text }) {
  const called =
    ts.isCallExpression(parent) && ts.isIdentifier(parent.expression) && parent.expression.text === text;
  const owner =
    ts.isPropertyAccessExpression(parent) &&
    ts.isIdentifier(parent.expression) &&
    parent.expression.text === text;
  return called || owner;
}
