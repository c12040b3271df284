import path from 'node:path';
import { z } from 'zod';
import { clickhouseSection, ConfigurationError, httpSection, kafkaSection, loadConfig, projectRoot, version } from '#runtime';
import { alerterSection } from '../alerter/configuration.ts';
import { standaloneSection } from '../standalone/configuration.ts';
import { parseArguments } from './arguments.ts';
import { exitStatus, type Command } from './command.ts';
import { diagnose, report, type Diagnosis } from './doctor-diagnosis.ts';
import { distributedLooks, receiverLooks } from './doctor-distributed.ts';
import { liveLooks } from './doctor-live.ts';
import { standaloneLooks } from './doctor-standalone.ts';

const doctorSchema = z.strictObject({
  http: httpSection(8080), kafka: kafkaSection, clickhouse: clickhouseSection, alerter: alerterSection, standalone: standaloneSection,
});

export const doctor: Command = {
  help: `Usage: telltale doctor [options]

Checks everything that Telltale needs, changes nothing, and reports on each
part: ok, warn (it works, but needs attention) or missing (with what to do about
it).

Options:
  --data DIR        data folder of standalone, as for telltale up
  --config FILE     YAML configuration; docs/configuration.md lists all options,
                    which the environment may set too

Exit status: 0 when standalone works, whatever is missing for the distributed
set-up; 1 when it does not.
`,
  async run(args) {
    const { values } = parseArguments({ args, options: { data: { type: 'string' }, config: { type: 'string' } } });
    const { configuration, diagnosis } = configurationOf(values.config);
    const { http, kafka, clickhouse, alerter, standalone } = configuration;
    const [own, live, servers, receivers] = await Promise.all([
      diagnose(
        standaloneLooks({ ...standalone, ...http, data: values.data ? path.resolve(values.data) : path.resolve(projectRoot, standalone.data) }),
      ),
      diagnose(liveLooks()),
      diagnose(distributedLooks({ kafka, clickhouse })),
      diagnose(receiverLooks(alerter.receivers)),
    ]);
    const needed = [diagnosis, ...own];
    const width = Math.max(...[...needed, ...live, ...servers, ...receivers].map(({ part }) => part.length));
    process.stdout.write(`Telltale ${version} on ${process.platform}-${process.arch}

Needed for standalone (npm start, telltale up, telltale scan):
${report(needed, width)}

Needed for a live capture (--interface), one of the two:
${report(live, width)}

Needed for the distributed set-up as well (telltale probe, detector, alerter, review):
${report(servers, width)}

Needed for alerts:
${report(receivers, width)}

${verdict(needed, servers)}
`);
    return isUsable(needed) ? exitStatus.ok : exitStatus.failed;
  },
};

/** If the configuration cannot be used, the doctor continues with the defaults. */
function configurationOf(file: string | undefined): { configuration: z.output<typeof doctorSchema>; diagnosis: Diagnosis } {
  const part = 'configuration';
  try {
    const configuration = loadConfig(doctorSchema, { environment: process.env, file });
    const from = file ?? process.env['TELLTALE_CONFIG'];
    const set = Object.keys(process.env)
      .filter((name) => /^(TELLTALE_(?!CONFIG|DEBUG|TEST_)|CLICKHOUSE_URL$)/.test(name) && process.env[name])
      .toSorted();
    const found = [from ?? 'no file', set.length > 0 ? set.join(', ') : 'no environment variables'].join('; ');
    return { configuration, diagnosis: { part, mark: 'ok', found } };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const found = error.problems
      .map(({ where, option, message, remedy }) => `${where}: ${option ? `${option}: ` : ''}${message}. ${remedy}.`)
      .join('\n');
    return {
      configuration: doctorSchema.parse({}),
      diagnosis: { part, mark: 'missing', found, remedy: 'Correct these options; the other parts are checked with the defaults.' },
    };
  }
}

function isUsable(diagnoses: readonly Diagnosis[]): boolean {
  return diagnoses.every(({ mark }) => mark !== 'missing');
}

function verdict(needed: readonly Diagnosis[], servers: readonly Diagnosis[]): string {
  const names = (diagnoses: readonly Diagnosis[]) => diagnoses.filter(({ mark }) => mark === 'missing').map(({ part }) => part).join(', ');
  if (!isUsable(needed)) return `Standalone does not work yet: see ${names(needed)}.`;
  if (!isUsable(servers)) return `Standalone works: npm start. The distributed set-up does not yet: see ${names(servers)}.`;
  return 'Standalone and the distributed set-up work.';
}
