import { type CanActivate, type ExecutionContext, ForbiddenException, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

export const allowedHosts = Symbol('allowedHosts');

/**
 * Accepts requests only under known host names. Otherwise any web page could resolve its own name to 127.0.0.1 and read the
 * findings through the analyst's browser (DNS rebinding).
 */
@Injectable()
export class HostGuard implements CanActivate {
  constructor(@Inject(allowedHosts) private readonly hosts: ReadonlySet<string>) {}

  canActivate(context: ExecutionContext): boolean {
    const { host = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (this.hosts.has(host.replace(/:\d+$/, '').toLowerCase())) return true;
    throw new ForbiddenException('Telltale does not answer to this host name. List it in review.hosts if it should.');
  }
}
