import { makeFolder, runService, type CommonSections, type ServiceDefinition } from '#runtime';
import { kafkaFindings } from '../alerter/kafka-findings.ts';
import { alerterService } from '../alerter/service.ts';
import { detectorService } from '../detector/service.ts';
import { migrateService } from '../migrate/service.ts';
import { ensureDemonstration } from '../probe/demonstration-file.ts';
import { probeService } from '../probe/service.ts';
import { mostWorkers } from '../probe/workers.ts';
import { reviewService } from '../review/service.ts';
import { dataFolder, defaultDataFolder } from '../standalone/data-folder.ts';
import { parseArguments, wholeNumber } from './arguments.ts';
import { UsageError, type Command } from './command.ts';
import { inputsOf, sourceArguments, sourceOptions } from './source-arguments.ts';

const configOption = `  --config FILE     YAML configuration; docs/configuration.md lists all options,
                    which the environment may set too
`;

export const probe: Command = {
  help: `Usage: telltale probe FILE|DIR|-… [options]
       telltale probe --interface NAME [--filter FILTER] [options]
       telltale probe --listen udp://ADDRESS:PORT|unix:///PATH [options]

Reads captures and logs (Zeek, Suricata EVE, HAR, mitmproxy, cloud flow logs),
captures from an interface, or listens; replaces identifiers by keyed tokens and
sends flow records to Kafka. Ends when all files are read and accepted; with
--follow, --interface or --listen it runs until it is stopped.

Options:
${sourceOptions}  --workers N       threads that share the packets of a capture; 1 without
  --demonstration   read the demonstration capture; it is made on the first run
                    and kept beside the token key
${configOption}`,
  async run(args) {
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: {
        ...sourceArguments,
        workers: { type: 'string', default: '1' },
        demonstration: { type: 'boolean', default: false },
        config: { type: 'string' },
      },
    });
    const captures = [...positionals];
    const workers = wholeNumber('--workers', values.workers, mostWorkers);
    if (workers > 1 && (values.follow || values.listen !== undefined || values.interface !== undefined))
      throw new UsageError('--workers applies only to captures that are read to their end');
    if (values.demonstration) {
      await makeFolder(defaultDataFolder);
      const { demonstration } = dataFolder(defaultDataFolder);
      await ensureDemonstration(demonstration);
      captures.push(demonstration);
    }
    const inputs = inputsOf(values, captures);
    const isConfigured = values.config !== undefined || process.env['TELLTALE_CONFIG'] || process.env['TELLTALE_PROBE_LIVE_INTERFACE'];
    if (captures.length === 0 && !inputs.listen && !inputs.interface && !isConfigured) {
      throw new UsageError('probe needs at least one FILE, DIR or -, or --interface, --listen or --demonstration');
    }
    return runService(probeService({ ...inputs, workers }), values.config);
  },
};

export const detector = serviceCommand(detectorService, `
Reads flow records from Kafka, enriches them, evaluates rules and policies, and
writes flows and findings to ClickHouse. An offset moves only when ClickHouse
has confirmed. Any number of detectors share the work (detector.group).`);

export const alerter = serviceCommand(alerterService(kafkaFindings), `
Reads findings from Kafka, groups them by subject, service and rule, and
delivers alerts to the receivers in alerter.receivers.`);

export const review = serviceCommand(reviewService, `
Serves the review page for the findings in ClickHouse (CLICKHOUSE_URL), which it
only reads.`);

export const migrate = serviceCommand(migrateService, `
Creates the Kafka topics and ClickHouse tables that are missing, then exits.
Running it again changes nothing. Standalone does this by itself.`);

function serviceCommand<Configuration extends CommonSections>(definition: ServiceDefinition<Configuration>, about: string): Command {
  return {
    help: `Usage: telltale ${definition.name} [options]\n${about}\n\nOptions:\n${configOption}`,
    run(args) {
      const { values } = parseArguments({ args, options: { config: { type: 'string' } } });
      return runService(definition, values.config);
    },
  };
}
