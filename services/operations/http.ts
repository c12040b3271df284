import 'reflect-metadata';
import { Module, type DynamicModule, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Component, Logger } from '#runtime';

export interface HttpOptions {
  readonly modules: readonly (DynamicModule | Type)[];
  readonly host: string;
  /** 0 picks any free port. */
  readonly port: number;
  readonly logger: Logger;
}

export interface HttpServer {
  /** `http://127.0.0.1:9100`, with the actual port. */
  readonly url: string;
  readonly application: NestFastifyApplication;
  close(): Promise<void>;
}

@Module({})
class ServiceModule {}

/**
 * Serves Nest modules over HTTP.
 *
 * @throws Error that says what to do if the address cannot be used.
 */
export async function startHttp({ modules, host, port, logger }: HttpOptions): Promise<HttpServer> {
  const application = await NestFactory.create<NestFastifyApplication>(
    { module: ServiceModule, imports: [...modules] },
    // A scraper keeps its connection open; shutdown must not wait for it.
    new FastifyAdapter({ forceCloseConnections: true }),
    { logger: nestLogger(logger), abortOnError: false },
  );
  try {
    await application.listen(port, host);
  } catch (error) {
    await application.close();
    throw addressError(error as NodeJS.ErrnoException, host, port);
  }
  const url = await application.getUrl();
  logger.info({ url }, 'listening');
  return { url, application, close: () => application.close() };
}

/** {@link startHttp} as part of a lifecycle. */
export class HttpComponent implements Component {
  readonly name = 'http';
  readonly #options: HttpOptions;
  #server: HttpServer | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** Empty before the start. */
  get url(): string {
    return this.#server?.url ?? '';
  }

  async start(): Promise<void> {
    this.#server = await startHttp(this.#options);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }
}

function addressError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const remedies: Record<string, string> = {
    EADDRINUSE: `port ${port} on ${host} is in use. Stop what uses it, or set TELLTALE_HTTP_PORT (0 takes any free port)`,
    EACCES: `this user may not use port ${port} on ${host}. Set TELLTALE_HTTP_PORT to 1024 or above`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set TELLTALE_HTTP_HOST to one that is`,
    ENOTFOUND: `the host ${host} is unknown. Set TELLTALE_HTTP_HOST to an address of this machine`,
  };
  const remedy = remedies[error.code ?? ''];
  return remedy ? Object.assign(new Error(`Cannot listen: ${remedy}.`, { cause: error }), { code: error.code }) : error;
}

/** Nest's own messages go to the service's log; those about its start only matter when debugging Nest. */
function nestLogger(logger: Logger): LoggerService {
  const write = (level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal') => (message: unknown, ...rest: unknown[]) => {
    const context = rest.at(-1);
    const fields = typeof context === 'string' ? { context } : {};
    // An address that cannot be used is reported by the caller, with what to do.
    const isSaidElsewhere = context === 'NestApplication' && level === 'error';
    logger[isSaidElsewhere ? 'debug' : level](
      message instanceof Error ? { ...fields, err: message } : fields, message instanceof Error ? message.message : String(message),
    );
  };
  return { verbose: write('trace'), debug: write('trace'), log: write('debug'), warn: write('warn'), error: write('error'), fatal: write('fatal') };
}
