import { mkdir } from 'node:fs/promises';
import { runService, type CommonSections, type ServiceDefinition } from '#runtime';
import { kafkaFindings } from '../alerter/kafka-findings.ts';
import { alerterService } from '../alerter/service.ts';
import { detectorService } from '../detector/service.ts';
import { migrateService } from '../migrate/service.ts';
import { ensureDemonstration } from '../probe/demonstration-file.ts';
import { parseListenAddress } from '../probe/export-listener.ts';
import { probeService } from '../probe/service.ts';
import { mostWorkers } from '../probe/workers.ts';
import { reviewService } from '../review/service.ts';
import { dataFolder, defaultDataFolder } from '../standalone/data-folder.ts';
import { parseArguments, UsageError, wholeNumber, type Command } from './command.ts';

const configOption = `  --config FILE     YAML configuration; docs/configuration.md lists all options, which the environment may set too
`;

export const probe: Command = {
  help: `Usage: telltale probe FILE|DIR|-… [options]
       telltale probe --listen udp://ADDRESS:PORT [options]

Reads captures and logs (Zeek, Suricata EVE, HAR, cloud flow logs), replaces identifiers by keyed tokens and sends flow records
to Kafka. Ends when all are read and accepted; with --follow or --listen it runs until it is stopped.

Options:
  --follow          the files grow: read on, also when they are rotated
  --listen ADDRESS  listen for NetFlow v5 and v9, IPFIX and sFlow v5, such as udp://127.0.0.1:2055
  --workers N       threads that share the packets of a capture; 1 without
  --demonstration   read the demonstration capture; it is made on the first run and kept beside the token key
${configOption}`,
  async run(args) {
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: { demonstration: { type: 'boolean', default: false }, follow: { type: 'boolean', default: false }, listen: { type: 'string' }, workers: { type: 'string', default: '1' }, config: { type: 'string' } },
    });
    const captures = [...positionals];
    const workers = wholeNumber('--workers', values.workers, mostWorkers);
    if (workers > 1 && (values.follow || values.listen !== undefined)) throw new UsageError('--workers is for captures that are read to their end');
    if (values.demonstration) {
      await mkdir(defaultDataFolder, { recursive: true });
      const { demonstration } = dataFolder(defaultDataFolder);
      await ensureDemonstration(demonstration);
      captures.push(demonstration);
    }
    if (values.listen !== undefined) {
      const listen = parseListenAddress(values.listen);
      if (listen === null) throw new UsageError(`--listen ${values.listen}: expected udp://ADDRESS:PORT`);
      if (captures.length > 0) throw new UsageError('probe reads files or listens, not both');
      return runService(probeService({ captures, listen }), values.config);
    }
    if (captures.length === 0) throw new UsageError('probe needs at least one FILE, DIR or -, --demonstration, or --listen');
    return runService(probeService({ captures, workers, follow: values.follow }), values.config);
  },
};

export const detector = serviceCommand(detectorService, `
Reads flow records from Kafka, enriches them, evaluates rules and policies, and writes flows and findings to ClickHouse.
An offset moves only when ClickHouse has confirmed. Any number of detectors share the work (detector.group).`);

export const alerter = serviceCommand(alerterService(kafkaFindings), `
Reads findings from Kafka, groups them by subject, service and rule, and delivers alerts to the receivers in alerter.receivers.`);

export const review = serviceCommand(reviewService, `
Serves the review page for the findings in ClickHouse (CLICKHOUSE_URL). It reads, and writes nothing.`);

export const migrate = serviceCommand(migrateService, `
Makes the Kafka topics and the ClickHouse tables that are missing, then ends. Running it again changes nothing.
Standalone does this by itself.`);

function serviceCommand<Configuration extends CommonSections>(definition: ServiceDefinition<Configuration>, about: string): Command {
  return {
    help: `Usage: telltale ${definition.name} [options]\n${about}\n\nOptions:\n${configOption}`,
    run(args) {
      const { values } = parseArguments({ args, options: { config: { type: 'string' } } });
      return runService(definition, values.config);
    },
  };
}
