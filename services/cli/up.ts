import path from 'node:path';
import { runService } from '#runtime';
import { defaultDataFolder } from '../standalone/data-folder.ts';
import { standaloneService } from '../standalone/service.ts';
import { parseArguments } from './arguments.ts';
import { UsageError, type Command } from './command.ts';
import { inputsOf, sourceArguments, sourceOptions } from './source-arguments.ts';
import { terminalReport } from './terminal-report.ts';

export const up: Command = {
  help: `Usage: telltale up [FILE|DIR…] [options]
       telltale up --interface NAME [--filter FILTER] [options]

Starts Telltale standalone: probe, detector, alerter, review page and an
embedded ClickHouse in one process. Reads the captures, prints what they leak,
and serves the review page until Ctrl-C. Reading a capture again adds nothing.

Options:
${sourceOptions}  --demonstration   read the demonstration capture; it is made on the first
                    start and kept in the data folder
  --data DIR        data folder: token key, embedded ClickHouse, alerter's
                    journal (default ${path.relative(process.cwd(), defaultDataFolder) || defaultDataFolder})
  --config FILE     YAML configuration; docs/configuration.md lists all options,
                    which the environment may set too

The review page is on http://127.0.0.1:8080/ unless http.port says otherwise
(TELLTALE_HTTP_PORT); /metrics, /healthz and /readyz are beside it. Alerts go to
the receivers in alerter.receivers; without one there are none. Rules and
policies of your own: standalone.rules and standalone.policy
(TELLTALE_STANDALONE_RULES=DIR, TELLTALE_STANDALONE_POLICY=FILE).
`,
  async run(args) {
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: { ...sourceArguments, demonstration: { type: 'boolean', default: false }, data: { type: 'string' }, config: { type: 'string' } },
    });
    const { demonstration } = values;
    if (demonstration && (values.interface !== undefined || values.listen !== undefined))
      throw new UsageError('--demonstration is a capture, and only one source can be read at a time: leave out --interface and --listen');
    const data = values.data && path.resolve(values.data);
    const title = positionals.length > 0 ? 'Captures and logs' : demonstration ? 'Demonstration' : undefined;
    const report = terminalReport(title);
    return runService(standaloneService({ inputs: inputsOf(values, positionals), demonstration, report, ...(data && { data }) }), values.config);
  },
};
