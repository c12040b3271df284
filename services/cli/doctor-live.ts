import { CaptureChild } from '../probe/capture-child.ts';
import { captureProgramNames, findCaptureProgram, privilegeRemedy } from '../probe/capture-program.ts';
import type { Diagnosis, Look } from './doctor-diagnosis.ts';

type Finding = Omit<Diagnosis, 'part'>;

/** The system's name for the loopback interface. */
const loopback = process.platform === 'linux' ? 'lo' : 'lo0';

/** Checks what a live capture needs: one of the programs, with the privilege to capture. Each is run on loopback for a moment. */
export function liveLooks(): Look[] {
  return captureProgramNames.map((name) => ({ part: name, look: () => lookAtProgram(name) }));
}

async function lookAtProgram(name: (typeof captureProgramNames)[number]): Promise<Finding> {
  const program = await findCaptureProgram(name);
  if (program === null) {
    return {
      mark: 'warn',
      found: 'it is not installed',
      remedy: `One of dumpcap and tcpdump is enough. Debian: apt install ${name === 'dumpcap' ? 'wireshark-common' : name}.`,
    };
  }
  const child = new CaptureChild(program, { interface: loopback, filter: 'ip proto 255', snapLength: 64, bufferBytes: 1024 ** 2 });
  if (await child.delivers()) {
    await Promise.all([child.stop(), discard(child.output)]);
    return { mark: 'ok', found: `${program.path}, which may capture` };
  }
  return {
    mark: 'warn',
    found: `${program.path}: ${await child.ended}`,
    remedy: `${privilegeRemedy(program)} (on Debian dumpcap has it already, for members of group wireshark).`,
  };
}

/** Reads output to its end, since a process ends only when its output has been read. */
async function discard(output: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of output);
}
