import { chmod, lstat, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { openLog, type LogReader } from '#ingest';
import { makeFolder, type Component, type Logger } from '#runtime';
import { batchSize, Outlet, type OutletOptions } from './outlet.ts';
import { tellProblems } from './problems.ts';

export interface SocketListenerOptions extends OutletOptions {
  /** Path of the socket. */
  path: string;
  logger: Logger;
}

export interface SocketCounters {
  /** Writers that connected. */
  connections: number;
  /** Connections refused, or closed because their data is not a log. */
  refused: number;
}

/** Most concurrent writers: with one output per thread, Suricata has as many as threads. */
const maxWriters = 64;
const flushInterval = 1000;
/** Length of sockaddr_un's path on Linux, without the terminating zero (unix(7)). */
const longestPath = 107;
/** Bytes within which the kind of a log must be recognised. */
const maxStart = 64 * 1024;

/**
 * Listens on a unix socket for writers of a log, such as Suricata with `filetype: unix_stream`, as part of a lifecycle. Each connection
 * is a separate log; they may come and go. A stream has no position: data written while nobody listens is up to the writer to keep.
 */
export class SocketListener implements Component {
  readonly name = 'log socket';
  readonly counters: SocketCounters = { connections: 0, refused: 0 };
  readonly #options: SocketListenerOptions;
  readonly #outlet: Outlet;
  /** Open connections, each with a promise that settles when its last line was read. */
  readonly #writers = new Map<Socket, Promise<void>>();
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SocketListenerOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options);
  }

  /** Number of connected writers. */
  get writers(): number {
    return this.#writers.size;
  }

  /** @throws {Error} if the path is taken, or no socket can be created there */
  async start(): Promise<void> {
    const { path: file, logger, onFailure } = this.#options;
    if (Buffer.byteLength(file) > longestPath)
      throw new Error(`${file} is too long for the path of a socket, which has at most ${longestPath} bytes`);
    const server = createServer((socket) => this.#connected(socket));
    try {
      await makeFolder(path.dirname(file));
      await removeStale(file);
      server.listen(file);
      await once(server, 'listening');
    } catch (error) {
      throw new Error(`cannot listen on the socket ${file}: ${(error as Error).message}`);
    }
    // The writer often runs as another user: the folder and the group decide who may connect.
    await chmod(file, 0o660);
    server.on('error', onFailure);
    this.#server = server;
    this.#timer = setInterval(() => void this.#outlet.flush(), flushInterval);
    logger.info({ socket: file }, 'listening for writers of a log');
  }

  /** Accepts no further lines, and sends the remaining records. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#writers.keys()) socket.destroy();
    await Promise.all(this.#writers.values());
    await closed;
    await this.#outlet.finish();
  }

  #connected(socket: Socket): void {
    if (this.#writers.size >= maxWriters) {
      this.counters.refused++;
      socket.destroy();
      return;
    }
    this.counters.connections++;
    this.#writers.set(socket, this.#read(socket).finally(() => this.#writers.delete(socket)));
  }

  async #read(socket: Socket): Promise<void> {
    const { path: file, logger } = this.#options;
    let start: Buffer = Buffer.alloc(0);
    let reader: LogReader | null = null;
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        if (reader === null) {
          start = Buffer.concat([start, chunk]);
          if (!start.includes(0x0a) && start.length < maxStart) continue;
          reader = this.#open(start);
          start = Buffer.alloc(0);
          if (reader === null) break;
        } else {
          reader.push(chunk);
        }
        tellProblems(this.#options.pipeline, logger);
        // While the flow log is slow, nothing more is read from the socket.
        if (this.#options.pipeline.pending >= batchSize) await this.#outlet.flush();
      }
    } catch (error) {
      // The writer was killed, or the probe stops: what was sent before remains valid.
      logger.debug({ socket: file, err: error }, 'the connection broke');
    }
    socket.destroy();
    // A single unfinished line is a log too.
    reader ??= this.#open(start);
    reader?.finish();
    tellProblems(this.#options.pipeline, logger);
  }

  /** The reader for a writer's log, with its beginning already read; null, after a warning, if it is not a log. */
  #open(start: Buffer): LogReader | null {
    if (start.length === 0) return null;
    const { path: file, pipeline: { entries }, logger } = this.#options;
    const name = path.basename(file);
    this.#options.pipeline.begin(name);
    let reader: LogReader | null = null;
    let reason = 'it is not a log that Telltale knows';
    try {
      reader = openLog(start, { name, counters: entries.counters, certificates: entries.certificates, emit: (entry) => entries.record(entry) });
    } catch (error) {
      reason = (error as Error).message;
    }
    if (reader === null) {
      this.counters.refused++;
      logger.error({ socket: file, reason }, 'what a writer sends cannot be read, and the connection is closed');
      return null;
    }
    reader.push(start);
    return reader;
  }
}

/** Removes a socket left behind by a probe that was killed, but never one with a listener, nor a file of another kind. */
async function removeStale(file: string): Promise<void> {
  const stats = await lstat(file).catch(() => null);
  if (stats === null) return;
  if (!stats.isSocket()) throw new Error('a file of another kind is there: choose another path, or remove it');
  const socket = connect(file);
  const isUsed = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  if (isUsed) throw new Error('another process listens there already: stop it, or choose another path');
  await rm(file);
}
