import { Controller, Get, Inject, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HostGuard } from './host.guard.ts';

export const pageFiles = Symbol('pageFiles');

/** The page, its style and its script, as text. */
export interface PageFiles {
  readonly html: string;
  readonly css: string;
  readonly script: string;
}

/** Nothing but what comes from here; nothing inline, so that an escaped-wrong value could still not run. */
const headers = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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
  html(@Res() reply: FastifyReply): void {
    send(reply, 'text/html', this.files.html);
  }

  @Get('review.css')
  css(@Res() reply: FastifyReply): void {
    send(reply, 'text/css', this.files.css);
  }

  @Get('review.js')
  script(@Res() reply: FastifyReply): void {
    send(reply, 'text/javascript', this.files.script);
  }
}

function send(reply: FastifyReply, type: string, text: string): void {
  void reply.headers(headers).type(`${type}; charset=utf-8`).send(text);
}
