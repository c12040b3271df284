import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { captureArguments, complaintOf, tcpdumpDrops, type CaptureProgram, type CaptureRequest } from './capture-program.ts';

/** How much of its standard error is kept: the last characters. */
const maxTail = 8192;
/** How long it may take to end after it was asked to, milliseconds. */
const patience = 3000;

/** A running capture program. It is a separate process, the only one that needs the privilege to capture. */
export class CaptureChild {
  /** Resolves when it has ended, with its complaint or the signal that ended it. */
  readonly ended: Promise<string>;
  readonly #program: CaptureProgram;
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  #stderr = '';

  constructor(program: CaptureProgram, request: CaptureRequest) {
    this.#program = program;
    // In its own process group: Ctrl-C is for the probe, which then ends the program and reads the rest of its output.
    this.#process = spawn(program.path, captureArguments(program, request), {
      stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-maxTail);
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('close', (status, signal) =>
        resolve(signal === null ? `it ended with status ${status}: ${complaintOf(program, this.#stderr)}` : `it was ended by ${signal}`),
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

  /** Resolves to true when it captures, as the header of its output shows, or to false if it ended instead. */
  async delivers(): Promise<boolean> {
    await Promise.race([once(this.#process.stdout, 'readable').catch(() => {}), this.ended]);
    return this.#process.stdout.readableLength > 0;
  }

  /** Drops since its start, as it last reported them. */
  get drops(): { kernel: number; interface: number } {
    return this.#program.name === 'tcpdump' ? tcpdumpDrops(this.#stderr) : { kernel: 0, interface: 0 };
  }

  /** Asks for {@link drops}. Only Linux's tcpdump understands the signal; elsewhere it would end the program. */
  askForDrops(): void {
    if (this.#program.name === 'tcpdump' && process.platform === 'linux') this.#process.kill('SIGUSR1');
  }

  /** Ends it. It may still write out what it has captured, within a bound. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    const impatient = setTimeout(() => this.#process.kill('SIGKILL'), patience);
    await this.ended;
    clearTimeout(impatient);
  }
}
