import { extname } from 'node:path';
import { Controller, Get, Inject, NotFoundException, Param, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HostGuard } from './host.guard.ts';

export const pageFiles = Symbol('pageFiles');

/** The page's files as text, by name. */
export type PageFiles = ReadonlyMap<string, string>;

/** Content from this origin only, and nothing inline, so that even a value that was not escaped could not run as a script. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      + "frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
};

@Controller()
@UseGuards(HostGuard)
export class PageController {
  constructor(@Inject(pageFiles) private readonly files: PageFiles) {}

  @Get()
  index(@Res() reply: FastifyReply): void {
    this.file('index.html', reply);
  }

  @Get('page/:name')
  file(@Param('name') name: string, @Res() reply: FastifyReply): void {
    const text = this.files.get(name);
    if (text === undefined) throw new NotFoundException('There is no such file.');
    void reply.headers(headers).type(`${types[extname(name)]}; charset=utf-8`).send(text);
  }
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };
