import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** Programs that capture for the probe, the better one first: dumpcap writes in batches and reports its drops in the capture. */
export const captureProgramNames = ['dumpcap', 'tcpdump'] as const;

export interface CaptureProgram {
  readonly name: (typeof captureProgramNames)[number];
  readonly path: string;
}

export interface CaptureRequest {
  /** Name of an interface, as the system spells it. */
  readonly interface: string;
  /** Capture filter of libpcap (pcap-filter(7)); empty for all packets. */
  readonly filter: string;
  /** Bytes captured of each packet. */
  readonly snapLength: number;
  /** Bytes of the kernel's buffer, for packets that the program has not read yet. */
  readonly bufferBytes: number;
}

/** A name that no capture program can mistake for an option, a file, standard input or another host. */
export const interfacePattern = /^\w[\w.:-]{0,63}$/;

/** Folders of administration programs, which may be missing from the PATH of a service. */
const systemFolders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/sbin'];

/**
 * Finds the program to capture with. `wanted` is `auto`, one of the names, or a path to one of them.
 * Returns null if there is none.
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

/** Arguments with which the program writes the packets of an interface to its standard output as they arrive. */
export function captureArguments({ name }: CaptureProgram, { interface: device, filter, snapLength, bufferBytes }: CaptureRequest): string[] {
  const common = ['-i', device, '-w', '-', '-s', String(snapLength)];
  if (name === 'dumpcap')
    return [...common, '-q', '-B', String(Math.max(1, Math.round(bufferBytes / 1024 ** 2))), ...(filter === '' ? [] : ['-f', filter])];
  // -U writes each packet immediately. After `--`, a filter cannot be taken for an option.
  return [...common, '-U', '-n', '-B', String(Math.max(1, Math.round(bufferBytes / 1024))), ...(filter === '' ? [] : ['--', filter])];
}

/** The program's own last complaint, without the advice that some print after it. */
export function complaintOf({ name }: CaptureProgram, stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim().replace(/\.$/, '')).filter(Boolean);
  return lines.findLast((line) => line.startsWith(`${name}:`) && !/packets? captured,/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}

/** tcpdump's counts since its start, which it prints when it ends, and on Linux on SIGUSR1. dumpcap reports its own in the capture. */
export function tcpdumpDrops(stderr: string): { kernel: number; interface: number } {
  const last = (what: string): number => Number([...stderr.matchAll(new RegExp(`(\\d+) packets? dropped by ${what}`, 'g'))].at(-1)?.[1] ?? 0);
  return { kernel: last('kernel'), interface: last('interface') };
}

/** What to do about a complaint of the program; empty if the complaint says so itself. */
export function remedyOf(complaint: string, program: CaptureProgram): string {
  if (/permission/i.test(complaint)) return privilegeRemedy(program);
  if (/no (?:such )?device/i.test(complaint)) return `${program.path} -D lists the interfaces of this machine`;
  return '';
}

/** What to do if a program is not allowed to capture. */
export function privilegeRemedy({ path: file }: CaptureProgram): string {
  return `Give the program the privilege, not Telltale: sudo setcap cap_net_raw,cap_net_admin=ep ${file}`;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(() => true, () => false);
}
