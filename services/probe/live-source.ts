import { CaptureReader, PacketView, type CaptureError } from '#capture';
import { backoffMillis, pauseFor, type Component, type Logger } from '#runtime';
import { CaptureChild } from './capture-child.ts';
import { findCaptureProgram, remedyOf, type CaptureProgram, type CaptureRequest } from './capture-program.ts';
import { batchSize, Outlet, type OutletOptions } from './outlet.ts';

export interface LiveSourceOptions extends OutletOptions {
  request: CaptureRequest;
  /** `auto`, `dumpcap`, `tcpdump`, or a path to either. */
  program: string;
  logger: Logger;
  /** Wall clock, µs. */
  now: () => number;
}

export interface LiveCounters {
  /** Restarts of the capture program after it had ended. */
  restarts: number;
}

/** How often time is advanced and records are sent, milliseconds. */
const tickInterval = 1000;
/** Ticks between two requests for drops. */
const ticksPerQuestion = 10;
const restartPauses = { minMillis: 1000, maxMillis: 60_000 };
/** A program that ran this long is not considered unable to start, milliseconds. */
const stableAfter = 60_000;

/**
 * Captures from an interface, by dumpcap or tcpdump as a child process, as part of a lifecycle.
 *
 * Time is that of the packets while they arrive, else that of the clock. A child that ends is restarted, with growing pauses; flows survive
 * that, with a gap in their streams. If the child cannot even start the first time, the probe ends, since its configuration must be wrong.
 */
export class LiveSource implements Component {
  readonly name = 'live capture';
  readonly counters: LiveCounters = { restarts: 0 };
  /** Age of the newest packet when it was read, seconds; it grows while the probe cannot keep up with the traffic. */
  delaySeconds = 0;
  readonly #options: LiveSourceOptions;
  readonly #outlet: Outlet;
  readonly #stopping = new AbortController();
  readonly #view = new PacketView();
  #program: CaptureProgram | undefined;
  #child: CaptureChild | undefined;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heard = false;
  /** The child's drops when they were last counted. */
  #knownDrops = { kernel: 0, interface: 0 };
  #hasToldDrops = false;
  /** The last logged reason why the child ended; empty once packets arrive again. */
  #toldEnd = '';

  constructor(options: LiveSourceOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options);
  }

  /** @throws {Error} if there is no capture program, or it cannot capture */
  async start(): Promise<void> {
    const { request, program, pipeline, logger, onFailure } = this.#options;
    const found = await findCaptureProgram(program);
    if (found === null) {
      throw new Error(
        program === 'auto'
          ? 'neither dumpcap nor tcpdump is installed: install one (Debian: wireshark-common, tcpdump)'
          : `there is no program ${program} to capture with: expected auto, dumpcap, tcpdump, or the path of one of them`,
      );
    }
    this.#program = found;
    pipeline.begin(request.interface);
    const child = this.#spawn();
    if (!(await child.delivers())) {
      const reason = await child.ended;
      throw new Error([`${found.name} cannot capture on ${request.interface}: ${reason}`, remedyOf(reason, found)].filter(Boolean).join('. '));
    }
    logger.info({ interface: request.interface, program: found.path, pid: child.pid, filter: request.filter }, 'capturing');
    this.#timer = this.#startClock();
    this.#running = this.#run(child).catch(onFailure);
  }

  /** Process id of the capture program; 0 if there is none. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** @throws {Error} while no packets can arrive */
  check(): void {
    if (this.#child === undefined) throw new Error('the capture program is not running');
  }

  /** Ends the child and sends the remaining records. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await this.#child?.stop();
    await this.#running;
    await this.#outlet.finish();
  }

  #spawn(): CaptureChild {
    this.#knownDrops = { kernel: 0, interface: 0 };
    return (this.#child = new CaptureChild(this.#program!, this.#options.request));
  }

  async #run(first: CaptureChild): Promise<void> {
    const { request, logger } = this.#options;
    const { signal } = this.#stopping;
    let child = first;
    for (let failures = 1; ; failures++) {
      const start = performance.now();
      const problem = await this.#read(child);
      this.#countDrops(child);
      this.#child = undefined;
      if (signal.aborted) return;

      if (performance.now() - start >= stableAfter) failures = 1;
      const pauseMillis = Math.round(backoffMillis(failures, restartPauses));
      // Numbers in the reason differ from run to run.
      const toldEnd = problem.replaceAll(/\d+/g, '');
      if (toldEnd !== this.#toldEnd) {
        logger.error(
          { interface: request.interface, program: this.#program!.name, reason: problem },
          'the capture program ended: it is started again, after pauses of up to a minute, until packets come',
        );
      }
      this.#toldEnd = toldEnd;
      await pauseFor(pauseMillis, signal).catch(() => {});
      if (signal.aborted) return;
      this.counters.restarts++;
      child = this.#spawn();
    }
  }

  /** Reads what a child captures until it ends. Returns why it ended. */
  async #read(child: CaptureChild): Promise<string> {
    const { pipeline, request, logger, now } = this.#options;
    const view = this.#view;
    const { interfaceDrops } = pipeline.capture;
    const reader = new CaptureReader(pipeline.capture);
    const pull = (): void => {
      while (reader.next(view)) pipeline.packet(view);
    };
    const attempt = (read: () => void): CaptureError | null => {
      try {
        read();
        return reader.problem;
      } catch (error) {
        return error as CaptureError;
      }
    };
    let damage: CaptureError | null = null;
    for await (const chunk of child.output) {
      const packets = pipeline.capture.packets;
      const problem = attempt(() => {
        reader.push(chunk);
        pull();
      });
      if (problem !== null) {
        damage = problem;
        break;
      }
      if (pipeline.capture.packets > packets) {
        if (this.#toldEnd !== '') logger.info({ interface: request.interface, restarts: this.counters.restarts }, 'packets are arriving again');
        this.#toldEnd = '';
        this.#heard = true;
        this.delaySeconds = Math.max(0, now() - view.micros) / 1e6;
      }
      if (pipeline.pending >= batchSize) await this.#outlet.flush();
    }
    if (damage !== null) {
      await child.stop();
      return damage.message;
    }
    // A child that was killed leaves half a packet, which is counted as truncated.
    attempt(() => {
      reader.finish();
      pull();
    });
    if (this.#program!.name === 'dumpcap') {
      // What dumpcap reports as drops of the interface (isb_ifdrop) are those of the kernel's buffer (ps_drop of libpcap).
      pipeline.capture.kernelDrops += pipeline.capture.interfaceDrops - interfaceDrops;
      pipeline.capture.interfaceDrops = interfaceDrops;
    }
    return child.ended;
  }

  #startClock(): NodeJS.Timeout {
    let ticks = 0;
    return setInterval(() => {
      const { pipeline, now } = this.#options;
      pipeline.advance(this.#heard ? this.#view.micros : now());
      this.#heard = false;
      if (this.#child !== undefined) {
        this.#countDrops(this.#child);
        if (++ticks % ticksPerQuestion === 0) this.#child.askForDrops();
      }
      void this.#outlet.flush();
    }, tickInterval);
  }

  #countDrops(child: CaptureChild): void {
    const { pipeline: { capture }, request, logger } = this.#options;
    const { kernel, interface: ofInterface } = child.drops;
    capture.kernelDrops += Math.max(0, kernel - this.#knownDrops.kernel);
    capture.interfaceDrops += Math.max(0, ofInterface - this.#knownDrops.interface);
    this.#knownDrops = { kernel, interface: ofInterface };
    if (this.#hasToldDrops || capture.kernelDrops + capture.interfaceDrops === 0) return;
    this.#hasToldDrops = true;
    logger.warn(
      { interface: request.interface, kernel: capture.kernelDrops, ofInterface: capture.interfaceDrops },
      'packets were dropped before they could be read: raise probe.live.buffer, or capture less with a filter; further drops are only counted',
    );
  }
}
