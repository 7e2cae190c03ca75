import { loadProduct } from './product.ts';
import { runSeed } from './run.ts';
const product = await loadProduct();
const seed = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 1);
const t0 = performance.now();
process.on('unhandledRejection', (e) => { console.log('UNHANDLED', e); });
let bad = 0;
for (let s = seed; s < seed + n; s++) {
  const r = await runSeed(s, product);
  if (r.violation) { bad++; console.log(s, r.violation.invariant, r.violation.what); if (n===1) console.log(r.log.join('\n')); }
  else if (n === 1) { console.log(r.log.slice(0,+(process.argv[4]??60)).join('\n')); console.log(r.hash, r.log.length, r.log.filter(l=>/hears 200/.test(l)).length, r.log.filter(l=>/hears (?!200)/.test(l)).length); }
}
console.log(n, 'seeds', bad, 'violations', Math.round(performance.now() - t0), 'ms');
