import { exitStatus, namedFileProblem, UnusableError, UsageError, type Command } from './command.ts';

interface Entry {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  load: () => Promise<Command>;
}

/** A command's module is loaded on demand: loading what a service needs takes a second, which a scan should not have to wait. */
const commands: readonly Entry[] = [
  { name: 'up', summary: 'standalone: all parts in one process, with the review page', load: async () => (await import('./up.ts')).up },
  { name: 'scan', summary: 'captures in, findings out', load: async () => (await import('./scan.ts')).scan },
  {
    name: 'probe',
    summary: 'captures, logs, flow exports → flow records → Kafka',
    load: async () => (await import('./service-commands.ts')).probe,
  },
  {
    name: 'detector',
    summary: 'Kafka → enrich, evaluate → ClickHouse and findings topic',
    load: async () => (await import('./service-commands.ts')).detector,
  },
  { name: 'alerter', summary: 'findings topic → Alertmanager and webhooks', load: async () => (await import('./service-commands.ts')).alerter },
  { name: 'review', summary: 'the review page over a ClickHouse server', load: async () => (await import('./service-commands.ts')).review },
  {
    name: 'migrate',
    summary: 'create the Kafka topics and ClickHouse tables that are missing',
    load: async () => (await import('./service-commands.ts')).migrate,
  },
  {
    name: 'dashboards',
    summary: 'build the Grafana dashboards, or publish them to a Grafana',
    load: async () => (await import('./dashboards.ts')).dashboards,
  },
  {
    name: 'rules',
    summary: 'lint, test, list, explain, convert and backtest rules',
    load: async () => (await import('./rules.ts')).rules,
  },
  { name: 'policy', summary: 'lint, test and explain jurisdiction policies', load: async () => (await import('./policy.ts')).policy },
  {
    name: 'watchlist',
    summary: 'values of your own that the probe looks for, kept as keyed digests',
    load: async () => (await import('./watchlist.ts')).watchlist,
  },
  { name: 'geo', summary: 'where an address is, who says so, and whether they agree', load: async () => (await import('./geo.ts')).geo },
  { name: 'doctor', summary: 'which parts work here, and what to do about the others', load: async () => (await import('./doctor.ts')).doctor },
];

const overview = `Telltale finds metadata leaks in network traffic: plaintext identifiers,
cross-border relays, third-party disclosure.

Usage: telltale COMMAND [options]        telltale COMMAND --help
       telltale --version

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}
`;

// Whoever reads the output may stop early, as `head` does; a disk may be full.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitStatus.ok);
  process.stderr.write(`telltale: standard output cannot be written: ${error.message}\n`);
  process.exit(exitStatus.failed);
});

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(overview);
    return name === undefined ? exitStatus.unusable : exitStatus.ok;
  }
  if (name === '--version' || name === '-V') {
    const { version } = await import('#runtime');
    process.stdout.write(`telltale ${version} (Node ${process.version})\n`);
    return exitStatus.ok;
  }
  const entry = commands.find((one) => one.name === name);
  if (!entry) {
    const { didYouMean } = await import('./arguments.ts');
    const meant = didYouMean(name, [...commands.map((one) => one.name), '--help', '--version']);
    // With the overview below it, the name that was meant would be overlooked.
    const remedy = meant === '' ? `\n\n${overview}` : '\nSee telltale --help.\n';
    process.stderr.write(`telltale: there is no command ${JSON.stringify(name)}${meant}${remedy}`);
    return exitStatus.unusable;
  }
  const command = await entry.load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.help);
    return exitStatus.ok;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof UnusableError) {
      process.stderr.write(`telltale ${name}: ${error.message}\n${error instanceof UsageError ? `See telltale ${name} --help.\n` : ''}`);
      return exitStatus.unusable;
    }
    const aboutFile = namedFileProblem(error);
    process.stderr.write(`telltale ${name}: ${aboutFile ?? (error instanceof Error ? error.message : String(error))}\n`);
    if (process.env['TELLTALE_DEBUG']) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
    return aboutFile === undefined ? exitStatus.failed : exitStatus.unusable;
  }
}
