import { Controller, Get, Header, HttpStatus, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Metrics } from '#runtime';
import { runChecks, type Check } from './checks.ts';

export const checksToken = Symbol('checks');
export const metricsToken = Symbol('metrics');

/** Endpoints for operators and their tools, in every service. */
@Controller()
export class OperationsController {
  readonly #checks: readonly Check[];
  readonly #metrics: Metrics;

  constructor(@Inject(checksToken) checks: readonly Check[], @Inject(metricsToken) metrics: Metrics) {
    this.#checks = checks;
    this.#metrics = metrics;
  }

  /** The process is alive. It checks nothing else, since a restart would not bring back a missing part. */
  @Get('healthz')
  health() {
    return { status: 'ok' };
  }

  /** 200 if all parts can be used; else 503, with a body that says which part is missing. */
  @Get('readyz')
  async readiness(@Res({ passthrough: true }) reply: FastifyReply) {
    const checks = await runChecks(this.#checks);
    const ready = checks.every(({ ok }) => ok);
    reply.status(ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return { status: ready ? 'ready' : 'not ready', checks };
  }

  /** Metrics in Prometheus's text format. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics() {
    return this.#metrics.scrape();
  }
}
