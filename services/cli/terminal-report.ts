import path from 'node:path';
import type { StandaloneReport } from '../standalone/service.ts';
import { Leaks, count } from './leaks.ts';
import { Progress } from './progress.ts';
import { blindSpots } from './summary.ts';
import { widthOf } from './table.ts';

/** Reports to the person at the terminal: progress on standard error, findings on standard output. */
export function terminalReport(title: string): StandaloneReport {
  const leaks = new Leaks();
  const progress = new Progress();
  return {
    starting: (folder) => process.stderr.write(`Starting Telltale standalone in ${fromHere(folder)} …\n`),
    progress: (input, bytes, packets) => progress.update(input, bytes, packets),
    found: (findings) => leaks.add(findings),
    reading: (what, url) => process.stdout.write(`Reading ${what}.\nReview page: ${url}/   (Ctrl-C stops)\n`),
    done({ pipeline, unreadable, stored, url }) {
      progress.finish();
      const lines = [`${title}: ${count(pipeline.capture.packets, 'packet')}, ${count(pipeline.records, 'flow record')}.`];
      if (unreadable > 0) lines.push(`${count(unreadable, 'capture')} could not be read: see above.`);
      lines.push(leaks.headline());
      if (leaks.findings > 0) lines.push('', leaks.table(widthOf(process.stdout)), '');
      if (stored > leaks.findings) lines.push(`With those of earlier runs the review page has ${count(stored, 'finding')}.`);
      const blind = blindSpots(pipeline);
      if (blind) lines.push(`Not seen: ${blind}.`);
      lines.push(`Review page: ${url}/   (Ctrl-C stops)`);
      process.stdout.write(`${lines.join('\n')}\n`);
    },
  };
}

/** A folder as it is told: relative to the current one if it is below that, else whole. */
function fromHere(folder: string): string {
  const relative = path.relative(process.cwd(), folder) || '.';
  return relative.startsWith('..') ? folder : relative;
}
