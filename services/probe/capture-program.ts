import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** Programs that capture in the probe's place, the better one first: dumpcap writes in batches, and says itself what it lost. */
export const captureProgramNames = ['dumpcap', 'tcpdump'] as const;

export interface CaptureProgram {
  readonly name: (typeof captureProgramNames)[number];
  readonly path: string;
}

export interface CaptureRequest {
  /** Name of an interface, as the system writes it. */
  readonly interface: string;
  /** Capture filter of libpcap (pcap-filter(7)); empty for all packets. */
  readonly filter: string;
  /** Bytes of a packet that are captured. */
  readonly snapLength: number;
  /** Of the kernel, for packets that the program has not taken yet. */
  readonly bufferBytes: number;
}

/** A name that no capturing program takes for an option, a file, standard input or another host. */
export const interfacePattern = /^\w[\w.:-]{0,63}$/;

/** Where administrators' programs are, which the PATH of a service may not name. */
const systemFolders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/sbin'];

/**
 * Finds the program to capture with. `wanted` is `auto`, one of the names, or a path to one of them.
 * Null when there is none.
 */
export async function findCaptureProgram(wanted: string, searchPath = process.env['PATH'] ?? ''): Promise<CaptureProgram | null> {
  const names = captureProgramNames.filter((name) => wanted === 'auto' || path.basename(wanted) === name);
  const folders = path.isAbsolute(wanted) ? [path.dirname(wanted)] : [...searchPath.split(path.delimiter).filter(Boolean), ...systemFolders];
  for (const name of names) {
    for (const folder of folders) {
      const file = path.join(folder, name);
      if (await isExecutable(file)) return { name, path: file };
    }
  }
  return null;
}

/** Arguments with which the program writes the packets of an interface to its standard output as they come. */
export function captureArguments({ name }: CaptureProgram, { interface: device, filter, snapLength, bufferBytes }: CaptureRequest): string[] {
  const common = ['-i', device, '-w', '-', '-s', String(snapLength)];
  if (name === 'dumpcap')
    return [...common, '-q', '-B', String(Math.max(1, Math.round(bufferBytes / 1024 ** 2))), ...(filter === '' ? [] : ['-f', filter])];
  // -U: each packet is written at once. Behind `--` a filter is never an option.
  return [...common, '-U', '-n', '-B', String(Math.max(1, Math.round(bufferBytes / 1024))), ...(filter === '' ? [] : ['--', filter])];
}

/** What the program said last: its own complaint, not the advice that some print below it. */
export function complaintOf({ name }: CaptureProgram, stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim().replace(/\.$/, '')).filter(Boolean);
  return lines.findLast((line) => line.startsWith(`${name}:`) && !/packets? captured,/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}

/** tcpdump's counts since its start, which it tells at its end, and on Linux when it gets SIGUSR1. dumpcap tells its own in the capture. */
export function tcpdumpDrops(stderr: string): { kernel: number; interface: number } {
  const last = (what: string): number => Number([...stderr.matchAll(new RegExp(`(\\d+) packets? dropped by ${what}`, 'g'))].at(-1)?.[1] ?? 0);
  return { kernel: last('kernel'), interface: last('interface') };
}

/** What to do about a complaint of the program; empty where it says so itself. */
export function remedyOf(complaint: string, program: CaptureProgram): string {
  if (/permission/i.test(complaint)) return privilegeRemedy(program);
  if (/no (?:such )?device/i.test(complaint)) return `${program.path} -D lists the interfaces that there are`;
  return '';
}

/** What to do where a program may not capture. */
export function privilegeRemedy({ path: file }: CaptureProgram): string {
  return `Give the program the privilege, not Telltale: sudo setcap cap_net_raw,cap_net_admin=ep ${file}`;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(() => true, () => false);
}
