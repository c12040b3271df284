import { isIP } from 'node:net';
import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * Accepts requests by address, or by a name without a dot, as hosts of one network have. A request under any other name may come from a
 * web page that resolves its own name to this address (DNS rebinding), to read findings through the browser of a person with access.
 */
@Injectable()
export class AddressGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { host = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (isIP(name) !== 0 || /^[\w-]+$/.test(name)) return true;
    throw new ForbiddenException('Use the address of this service in place of a name: another page could have sent you here under this name.');
  }
}
