import { spawnSync } from 'node:child_process';

export interface Measured {
  /** CPU time, user and system. */
  seconds: number;
  rssBytes: number;
  stdout: string;
}

export const isPinnable = spawnSync('taskset', ['--version']).status === 0;

/** Runs a command on one core, where the system allows it; GNU time measures it and its children. */
export function timed(command: readonly string[], cores = '0'): Measured {
  const pinned = isPinnable ? ['taskset', '-c', cores] : [];
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', ['-f', 'measured %e %U %S %M', ...pinned, ...command], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const measured = /measured ([\d.]+) ([\d.]+) ([\d.]+) (\d+)/.exec(stderr);
  if (status !== 0 || measured === null) throw new Error(`${command[0]}: ${stderr.slice(-2000)}`);
  return { seconds: Number(measured[2]) + Number(measured[3]), rssBytes: Number(measured[4]) * 1024, stdout };
}
