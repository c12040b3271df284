import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { makeFolder, type Component, type Logger } from '#runtime';
import { writeAtomically } from './atomic-file.ts';
import type { UdpAddress } from './listen-address.ts';
import { batchSize, Outlet, type OutletOptions } from './outlet.ts';

export interface ExportListenerOptions extends OutletOptions {
  listen: Pick<UdpAddress, 'host' | 'port'>;
  logger: Logger;
  /** File that keeps the exporters' templates across restarts. */
  templates: string;
  now: () => number;
  /** Minimum interval between two saves of the templates while exporters change them, milliseconds. */
  saveInterval?: number;
}

/** How long records are collected before they are sent, milliseconds. */
const flushInterval = 1000;
/** Most records that wait for a slow flow log; further datagrams are dropped and counted. */
const maxPending = 100_000;
/** Requested from the kernel, since exporters send in bursts. */
const receiveBufferBytes = 8 * 1024 * 1024;

/** What to do if an address cannot be bound. */
const remedies: Record<string, string> = {
  EADDRINUSE: 'another program listens there: stop it, or choose another port',
  EADDRNOTAVAIL: 'it is not an address of this machine: choose one that is, or 0.0.0.0 for all of them',
  EACCES: 'this user may not use the port: choose one above 1023',
};

/** Listens for NetFlow, IPFIX and sFlow over UDP, as part of a lifecycle. */
export class ExportListener implements Component {
  readonly name = 'flow export listener';
  readonly #options: ExportListenerOptions;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #saving: NodeJS.Timeout | undefined;
  #saved: Promise<void> = Promise.resolve();
  #savedChanges = 0;
  #hasRefused = false;
  readonly #outlet: Outlet;

  constructor(options: ExportListenerOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options);
  }

  /** @throws {Error} when the address cannot be bound */
  async start(): Promise<void> {
    const { listen: { host, port }, pipeline, logger, onFailure } = this.#options;
    await this.#restore();
    pipeline.begin(`udp://${host}:${port}`);
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes });
    socket.on('message', (bytes, { address }) => this.#datagram(bytes, address));
    socket.bind(port, host);
    await once(socket, 'listening').catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        `cannot listen for flow exports on ${host}, port ${port}: ${remedies[error.code ?? ''] ?? 'choose another address'}`,
        { cause: error },
      );
    });
    socket.on('error', onFailure);
    this.#socket = socket;
    this.#timer = setInterval(() => void this.#outlet.flush(), flushInterval);
    this.#saving = setInterval(() => {
      this.#saved = this.#saved.then(() => this.#save());
    }, this.#options.saveInterval ?? 5000);
    logger.info({ host, port: this.port }, 'listening for flow exports');
  }

  /** The port that is bound; if port 0 was requested, the one that was assigned. */
  get port(): number {
    return this.#socket!.address().port;
  }

  /** Stops listening and sends the remaining records. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#saving);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    await new Promise<void>((resolve) => socket.close(resolve));
    await this.#saved;
    await this.#save();
    await this.#outlet.finish();
  }

  /** Exporters repeat their templates only every few minutes, so a probe that was killed starts with the last ones saved. */
  async #save(): Promise<void> {
    const { pipeline, templates, logger } = this.#options;
    const changes = pipeline.exportTemplateChanges;
    if (changes === this.#savedChanges) return;
    try {
      await writeAtomically(templates, pipeline.exportTemplates);
      this.#savedChanges = changes;
    } catch (error) {
      pipeline.entries.counters.add('flow-export', 'templates that could not be saved');
      logger.error({ file: templates }, `the file of templates cannot be written: ${(error as Error).message}`);
    }
  }

  async #restore(): Promise<void> {
    const { pipeline, templates, logger } = this.#options;
    await makeFolder(path.dirname(templates));
    const saved = await readFile(templates, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (saved !== null && !pipeline.restoreExportTemplates(saved))
      logger.warn({ file: templates }, 'the file holds no templates: records wait until the exporters send theirs again');
  }

  #datagram(bytes: Buffer, exporter: string): void {
    const { pipeline, now } = this.#options;
    const { counters } = pipeline.entries;
    if (pipeline.pending >= maxPending) counters.add('flow-export', 'datagrams dropped while the flow log was slow');
    else if (!pipeline.flowExport(bytes, exporter, now())) this.#refuse(exporter);
    if (pipeline.pending >= batchSize) void this.#outlet.flush();
  }

  /** A sender sends datagrams that are not flow exports: all are counted, and the first is logged. */
  #refuse(exporter: string): void {
    const { pipeline, logger } = this.#options;
    pipeline.entries.counters.add('flow-export', 'datagrams of no known kind');
    if (this.#hasRefused) return;
    this.#hasRefused = true;
    logger.warn(
      { exporter },
      'a datagram was received that is not NetFlow v5 or v9, IPFIX or sFlow v5: check what is sent to this port; further ones are only '
        + 'counted',
    );
  }
}
