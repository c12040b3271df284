import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import type { Component, Logger } from '#runtime';
import type { FlowSink } from '#transport';
import type { ProbePipeline } from './pipeline.ts';

export interface ListenAddress {
  host: string;
  port: number;
}

/** Reads `udp://127.0.0.1:2055` or `udp://[::1]:2055`; null when it is none. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^udp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return null;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}

export interface ExportListenerOptions {
  listen: ListenAddress;
  pipeline: ProbePipeline;
  sink: FlowSink;
  logger: Logger;
  /** File that keeps the exporters' templates over a restart. */
  templates: string;
  /** Records cannot be handed over, or the socket broke. */
  onFailure: (error: unknown) => void;
  now: () => number;
}

/** How long records wait for more, milliseconds, and how many are handed over at once. */
const flushInterval = 1000;
const batchSize = 4096;
/** Records that wait for a slow flow log; datagrams beyond are dropped and counted. */
const maxPending = 100_000;
/** Asked of the kernel: exporters send in bursts. */
const receiveBufferBytes = 8 * 1024 * 1024;

/** Listens for NetFlow, IPFIX and sFlow over UDP, as part of a lifecycle. */
export class ExportListener implements Component {
  readonly name = 'flow export listener';
  readonly #options: ExportListenerOptions;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: ExportListenerOptions) {
    this.#options = options;
  }

  /** @throws when the address cannot be bound */
  async start(): Promise<void> {
    const { listen: { host, port }, pipeline, logger, onFailure } = this.#options;
    await this.#restore();
    pipeline.begin(`udp://${host}:${port}`);
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes });
    socket.on('message', (bytes, { address }) => this.#datagram(bytes, address));
    socket.bind(port, host);
    await once(socket, 'listening');
    socket.on('error', onFailure);
    this.#socket = socket;
    this.#timer = setInterval(() => void this.#flush(), flushInterval);
    logger.info({ host, port: this.port }, 'listening for flow exports');
  }

  /** The port that is bound: another one than asked for where that was 0. */
  get port(): number {
    return this.#socket!.address().port;
  }

  /** Stops listening, and hands over what waits. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    await new Promise<void>((resolve) => socket.close(resolve));
    await this.#sending;
    const { pipeline, templates } = this.#options;
    await writeFile(`${templates}.new`, pipeline.exportTemplates, { mode: 0o600 });
    await rename(`${templates}.new`, templates);
    pipeline.finish();
    await this.#flush();
  }

  async #restore(): Promise<void> {
    const { pipeline, templates, logger } = this.#options;
    await mkdir(path.dirname(templates), { recursive: true });
    const saved = await readFile(templates, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (saved !== null && !pipeline.restoreExportTemplates(saved)) logger.warn({ file: templates }, 'holds no templates: records wait until the exporters repeat theirs');
  }

  #datagram(bytes: Buffer, exporter: string): void {
    const { pipeline, now } = this.#options;
    const { counters } = pipeline.entries;
    if (pipeline.pending >= maxPending) counters.add('flow-export', 'datagrams dropped while the flow log was slow');
    else if (!pipeline.flowExport(bytes, exporter, now())) counters.add('flow-export', 'datagrams of no known kind');
    if (pipeline.pending >= batchSize) void this.#flush();
  }

  #flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    const { pipeline, sink, onFailure } = this.#options;
    try {
      while (pipeline.pending > 0) await sink.send(pipeline.take());
    } catch (error) {
      onFailure(error);
    }
  }
}
