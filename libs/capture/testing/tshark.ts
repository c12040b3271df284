import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Wireshark's command line tools as the oracle. They may complain on stderr and still give a result: that is not an error. */
function run(command: string, args: readonly string[]): { stdout: string; stderr: string } {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 29 });
  return { stdout, stderr };
}

/** The reason to skip the test, or false. */
export function withoutTshark(): string | false {
  return spawnSync('tshark', ['--version']).error ? 'SKIPPED: tshark is not installed, so nothing is compared with it' : false;
}

/** Folder of real captures next to the project, or given by TELLTALE_SHARED. */
export const capturesFolder = join(process.env['TELLTALE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'), 'captures');

export function withoutCaptures(): string | false {
  return (
    withoutTshark() || (existsSync(capturesFolder) ? false : 'SKIPPED: no real captures; set TELLTALE_SHARED to the folder that holds captures/')
  );
}

/** Calls `use` with the path of a file that holds the capture. */
export function withFile<T>(capture: Buffer, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-'));
  try {
    const path = join(folder, 'capture');
    writeFileSync(path, capture);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Fields of each frame that matches the filter, as dissected by tshark; several values of a field are joined by commas. */
export function fields<Name extends string>(
  path: string, filter: string, names: readonly Name[], preferences: readonly string[] = []
): Record<Name, string>[] {
  const { stdout } = run('tshark', ['-n', '-r', path, '-Y', filter, '--enable-protocol', 'communityid',
    '-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE',
    ...preferences.flatMap((preference) => ['-o', preference]), '-T', 'fields', ...names.flatMap((name) => ['-e', name])]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const values = line.split('\t');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) as Record<Name, string>;
  });
}

export interface FollowedStream {
  /** `address:port` of the side that tshark considers the client. */
  readonly client: string;
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
}

/** TCP streams by number, as shown by "Follow TCP stream". */
export function follow(path: string, streams: readonly number[]): Map<number, FollowedStream> {
  const { stdout } = run('tshark', ['-n', '-r', path, '-q', ...streams.flatMap((stream) => ['-z', `follow,tcp,raw,${stream}`])]);
  const followed = new Map<number, FollowedStream>();
  for (const section of stdout.split(/^=+$/m)) {
    const header = /Filter: tcp\.stream eq (\d+)\nNode 0: (.*)\nNode 1: .*\n/.exec(section);
    if (!header) continue;
    const lines = section.slice(header.index + header[0].length).split('\n');
    const bytes = (ofServer: boolean) => Buffer.from(lines.filter((line) => line.startsWith('\t') === ofServer).join('').replaceAll('\t', ''), 'hex');
    followed.set(Number(header[1]), { client: header[2]!, fromClient: bytes(false), fromServer: bytes(true) });
  }
  return followed;
}

/** Packets per file. For a damaged file, those before the damage; a file that is not a capture, or of an unknown kind, is left out. */
export function packetCounts(paths: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const { stdout, stderr } = run('capinfos', ['-c', '-M', '-T', '-m', ...paths]);
  for (const line of stdout.split('\n').slice(1)) {
    const comma = line.lastIndexOf(',');
    if (comma > 0) counts.set(line.slice(0, comma), Number(line.slice(comma + 1)));
  }
  for (const [, count, path] of stderr.matchAll(/after reading (\d+) packets from "(.*?)"/g)) counts.set(path!, Number(count));
  return counts;
}
