/** A probe that follows files and writes its records to a file, and can be killed: `follow-process.js OUTPUT POSITIONS FILE…`. */
import { appendFile } from 'node:fs/promises';
import { createLogger } from '#runtime';
import { createPipeline } from '../create.ts';
import { FollowSource } from '../follow-source.ts';

const [output, positions, ...files] = process.argv.slice(2) as [string, string, ...string[]];
const source = new FollowSource({
  files, positions, pipeline: createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' }), pollInterval: 5, scanInterval: 20,
  logger: createLogger({ name: 'follow', level: 'info', format: 'json' }),
  sink: {
    send: async (records) => {
      const lines = records.map((record) =>
        JSON.stringify([
          record['event.id'],
          record['telltale.evidence.file'],
          record['telltale.evidence.line'],
          record['dns.question.name'],
          record['destination.domain'],
        ]),
      );
      // After a line that a killed process has left unfinished.
      await appendFile(output, `\n${lines.join('\n')}\n`);
    },
    close: async () => {},
  },
  onFailure: (error) => { throw error; },
});
process.on('SIGTERM', () => void source.stop().then(() => process.exit(0)));
await source.start();
