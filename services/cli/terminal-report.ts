import path from 'node:path';
import type { StandaloneReport } from '../standalone/service.ts';
import { Leaks, count } from './leaks.ts';
import { Progress } from './progress.ts';
import { blindSpots, readText } from './summary.ts';
import { widthOf } from './table.ts';

/**
 * Reports to the person at the terminal: progress on standard error, findings on standard output.
 *
 * @param title of what is read; undefined when there is nothing to read, and only what is stored is shown
 */
export function terminalReport(title: string | undefined): StandaloneReport {
  const leaks = new Leaks();
  const progress = new Progress();
  return {
    starting: (folder) => process.stderr.write(`Starting Telltale standalone in ${fromHere(folder)} …\n`),
    progress: (input, bytes, packets) => progress.update(input, bytes, packets),
    found: (findings) => leaks.add(findings),
    reading: (what, url) => process.stdout.write(`Reading ${what}.\nReview page: ${url}/   (Ctrl-C stops)\n`),
    done({ pipeline, unreadable, stored, url }) {
      progress.finish();
      const { packets } = pipeline.capture;
      const lines: string[] = [];
      if (title !== undefined) lines.push(`${title}: ${readText(pipeline, { packets, records: pipeline.records })}.`);
      if (unreadable > 0) lines.push(`${count(unreadable, 'input')} could not be read: see above.`);
      // "No findings" would be misleading when nothing was read.
      if (packets + pipeline.entries.counters.entries + leaks.findings > 0) lines.push(leaks.headline());
      if (leaks.findings > 0) lines.push('', leaks.table(widthOf(process.stdout)), '');
      if (title === undefined) lines.push(`No capture was named: the review page shows what is stored, ${count(stored, 'finding')}.`);
      else if (stored > leaks.findings) lines.push(`With those of earlier runs the review page has ${count(stored, 'finding')}.`);
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
