import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { captureArguments, complaintOf, tcpdumpDrops, type CaptureProgram, type CaptureRequest } from './capture-program.ts';

/** Characters of its standard error that are kept: the last ones. */
const maxTail = 8192;
/** How long it may take to end after it was asked to, milliseconds. */
const patience = 3000;

/** A capturing program at work as a process of its own, the only one that needs the privilege to capture. */
export class CaptureChild {
  /** Resolves when it has ended, and with how: its complaint, or the signal that ended it. */
  readonly ended: Promise<string>;
  readonly #program: CaptureProgram;
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  #stderr = '';

  constructor(program: CaptureProgram, request: CaptureRequest) {
    this.#program = program;
    // In a process group of its own: Ctrl-C is for the probe, which then ends it, and reads what it still has to say.
    this.#process = spawn(program.path, captureArguments(program, request), {
      stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-maxTail);
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('close', (status, signal) =>
        resolve(signal === null ? `status ${status}: ${complaintOf(program, this.#stderr)}` : `${signal}`),
      );
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** pcap or pcapng. */
  get output(): AsyncIterable<Buffer> {
    return this.#process.stdout;
  }

  /** Resolves when it captures: the head of its output is there. False: it has ended instead. */
  async delivers(): Promise<boolean> {
    await Promise.race([once(this.#process.stdout, 'readable').catch(() => {}), this.ended]);
    return this.#process.stdout.readableLength > 0;
  }

  /** Drops since its start, as it told them last. */
  get drops(): { kernel: number; interface: number } {
    return this.#program.name === 'tcpdump' ? tcpdumpDrops(this.#stderr) : { kernel: 0, interface: 0 };
  }

  /** Asks for {@link drops}. Elsewhere than on Linux the signal would end it. */
  askForDrops(): void {
    if (this.#program.name === 'tcpdump' && process.platform === 'linux') this.#process.kill('SIGUSR1');
  }

  /** Ends it: what it has captured it still writes, within a bound. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    const impatient = setTimeout(() => this.#process.kill('SIGKILL'), patience);
    await this.ended;
    clearTimeout(impatient);
  }
}
