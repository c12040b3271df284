/**
 * Prints how many of the identifiers in tshark's fields the probe reports on real captures, field by field, and each miss that has not been
 * reviewed.
 *
 * `node dist/test/truth/against-tshark.js [--only pattern] [--all] [--show] [FOLDER]`
 *
 * FOLDER holds the captures; without it, those beside the project or below TELLTALE_SHARED. `--all` lists the reviewed misses too, with
 * their reasons; `--show` adds the values, raw, for a person at this terminal. Exits with 1 when a miss is not in the list of reviewed
 * ones.
 */
import { parseArgs } from 'node:util';
import { capturesFolder, listCaptures } from '../oracles/captures.ts';
import { Totals } from './recall-totals.ts';
import { compareIdentifiers } from './recall.ts';
import { reasonOfMiss, reviewMiss } from './reviewed-misses.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, all: { type: 'boolean', default: false }, show: { type: 'boolean', default: false } },
});
const folder = positionals[0] ?? capturesFolder;
/** Logs of other tools are not captures, though tshark reads some as JSON. */
const files = listCaptures(folder).filter((file) => new RegExp(values.only).test(file) && !file.includes('.json'));

const totals = new Totals();
for await (const one of compareIdentifiers(folder, files)) {
  totals.add(one);
  const state = reviewMiss(one);
  if (state === 'agreed' || (state !== 'unreviewed' && !values.all)) continue;
  console.log(`${one.field} ${one.file} -${one.missed.length} ${reasonOfMiss(one)}`);
  if (values.show) for (const { frame, value } of one.missed.slice(0, 8)) console.log(`    frame ${frame}: ${value.slice(0, 120)}`);
}
console.log(totals.table());
process.exitCode = totals.unreviewed > 0 ? 1 : 0;
