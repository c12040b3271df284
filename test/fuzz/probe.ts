/**
 * Damages captures and runs them through the whole probe: no crash, no hang, no unbounded memory.
 *
 * `node dist/test/fuzz/probe.js [--mutations 1000000] [--seed 1] [--first 0] [--captures folder] [--per-capture 32]`
 *
 * A failure names its mutation: `--seed S --first N --mutations 1` repeats it, unless it depends on those before it in the same
 * pipeline (then begin up to 256 earlier). Without `--captures`, those of the folder in TELLTALE_SHARED, else the demonstration.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFuzz } from './run.ts';

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' }, first: { type: 'string', default: '0' },
    captures: { type: 'string' }, 'per-capture': { type: 'string', default: '32' },
  },
});
const shared = process.env['TELLTALE_SHARED'];
const folder = values.captures ?? (shared ? join(shared, 'captures') : null);
if (folder !== null && !existsSync(folder)) throw new Error(`no such folder: ${folder}`);

const result = await runFuzz({
  folder, perCapture: Number(values['per-capture']), seed: Number(values.seed), first: Number(values.first), count: Number(values.mutations),
});
for (const { index, name, message } of result.failures) console.error(`mutation ${index} of ${name}: ${message}`);
const { seconds } = result;
console.log(`${values.mutations} mutations with seed ${values.seed} of ${folder ?? 'the demonstration'}: ${result.failures.length} failures; `
  + `${result.packets} packets, ${result.records} records, ${result.refused} refused as no capture; ${seconds.toFixed(1)} s, `
  + `${Math.round(Number(values.mutations) / seconds)} mutations/s; peak RSS ${Math.round(result.peakBytes / 2 ** 20)} MiB`);
process.exitCode = result.failures.length > 0 ? 1 : 0;
