import { exitStatus, UnusableError, UsageError, type Command } from './command.ts';
import { dashboards } from './dashboards.ts';
import { doctor } from './doctor.ts';
import { rules } from './rules.ts';
import { geo } from './geo.ts';
import { policy } from './policy.ts';
import { scan } from './scan.ts';
import { alerter, detector, migrate, probe, review } from './service-commands.ts';
import { up } from './up.ts';

const commands: readonly Command[] = [up, scan, probe, detector, alerter, review, migrate, dashboards, doctor, rules, geo, policy];

const overview = `Telltale finds metadata leaks in network traffic: plaintext identifiers, cross-border relays,
third-party disclosure.

Usage: telltale COMMAND [options]        telltale COMMAND --help

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}
`;

// Whoever reads the output may stop early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitStatus.ok);
});

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(overview);
    return name === undefined ? exitStatus.unusable : exitStatus.ok;
  }
  const command = commands.find((one) => one.name === name);
  if (!command) {
    process.stderr.write(`telltale: no command ${JSON.stringify(name)}\n\n${overview}`);
    return exitStatus.unusable;
  }
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
    process.stderr.write(`telltale ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (process.env['TELLTALE_DEBUG']) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
    return exitStatus.failed;
  }
}
