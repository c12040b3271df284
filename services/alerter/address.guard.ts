import { isIP } from 'node:net';
import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * Answers who asks by address, or by a name without a dot, as hosts of one network have. Under any other name the question may come from a
 * web page that had its own name resolve to this address (DNS rebinding), to read from the browser of somebody who can reach it.
 */
@Injectable()
export class AddressGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { host = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (isIP(name) !== 0 || /^[\w-]+$/.test(name)) return true;
    throw new ForbiddenException('Ask by address: under this name anybody could have sent you here.');
  }
}
