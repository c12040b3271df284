import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { until } from './until.ts';

const main = join(import.meta.dirname, '../../services/cli/main.js');

export type Environment = Readonly<Record<string, string>>;

/** `telltale …` as a process of its own. Of this process's environment it gets only what is needed to find programs. */
export class TelltaleProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: Environment = {}) {
    this.#name = `telltale ${args[0]}`;
    this.#child = spawn(process.execPath, [main, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TELLTALE_HTTP_PORT: '0', TELLTALE_LOG_FORMAT: 'json', ...environment },
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => { this.stdout += text; });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.stderr += text; });
    this.#child.stdin!.on('error', () => {}); // a process that has just ended; its exit status says so
  }

  get stdin(): Writable {
    return this.#child.stdin!;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Base URL of its HTTP server, from its log at level `info` or standalone's report; empty until then. */
  get url(): string {
    return (/"url":"(http:[^"]+)"/.exec(this.stderr) ?? /Review page: (http:\S+[^\s/])/.exec(this.stdout))?.[1] ?? '';
  }

  /** Resolves when all its parts can be used. */
  async ready(): Promise<this> {
    await this.until('to be ready', async () => this.url !== '' && (await fetch(`${this.url}/readyz`)).ok);
    return this;
  }

  /** Waits for something that this process has to bring about; fails at once if the process ends first. */
  async until(what: string, condition: () => boolean | Promise<boolean>, patienceMillis?: number): Promise<void> {
    await until(`${this.#name} ${what}`, async () => {
      if (await condition()) return true;
      if (this.hasEnded) throw new Error(`${this.#name} ended before: ${what}\n${this.stderr}`);
      return false;
    }, patienceMillis);
  }

  async metrics(): Promise<Samples> {
    const response = await fetch(`${this.url}/metrics`);
    return new Samples(await response.text());
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when the process has ended and all its output was read, to its exit status or the signal that ended it. */
  async exit(): Promise<number | NodeJS.Signals> {
    if (!this.hasEnded || !this.#child.stderr!.closed) await once(this.#child, 'close');
    return this.#child.exitCode ?? this.#child.signalCode!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.exit();
  }
}

/** Metrics in Prometheus's text format. */
export class Samples {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The sum over the samples of a metric that have these labels, such as `log="flows"`; 0 when there is none. */
  sum(name: string, ...labels: readonly string[]): number {
    return this.#of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The values of a metric by one of its labels. */
  by(label: string, name: string): Record<string, number> {
    const entries = this.#of(name, []).map(({ labels, value }) => [new RegExp(`\\b${label}="([^"]*)"`).exec(labels)?.[1] ?? '', value] as const);
    return Object.fromEntries(entries);
  }

  #of(name: string, wanted: readonly string[]): { labels: string; value: number }[] {
    return this.text.split('\n')
      .map((line) => /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line))
      .filter((match) => match?.[1] === name && wanted.every((label) => match[2]?.split(',').includes(label)))
      .map((match) => ({ labels: match![2] ?? '', value: Number(match![3]) }));
  }
}
