import type { FlowRecord } from '#flow';
import { HopList } from './hops.ts';
import { headerList, type Header } from './http-head.ts';
import type { Target } from './http-target.ts';

/**
 * What a request reveals about its path: the proxies that it passed (`X-Forwarded-For`, `Forwarded` of RFC 7239), where the first entry is the
 * client itself, and the destination to which a proxy is to connect (CONNECT).
 */
export function setRequestHops(facts: Partial<FlowRecord>, method: string, target: Target, headers: readonly Header[]): void {
  const hops = new HopList();
  for (const [i, host] of headerList(headers, 'x-forwarded-for').split(',').entries()) {
    if (i === 0) hops.addPerson('forwarded-client', host);
    else hops.add('forwarded-proxy', host);
  }
  let isClient = true;
  for (const element of headerList(headers, 'forwarded').split(',')) {
    const by = /(?:^|;)\s*by\s*=\s*("[^"]*"|[^;\s]+)/i.exec(element)?.[1];
    const from = /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;\s]+)/i.exec(element)?.[1];
    if (from !== undefined && isClient) hops.addPerson('forwarded-client', from);
    else if (from !== undefined) hops.add('forwarded-proxy', from);
    if (from !== undefined) isClient = false;
    if (by !== undefined) hops.add('forwarded-proxy', by);
  }
  if (method === 'CONNECT') hops.add('connect-target', target.authority);
  set(facts, hops);
}

/** The host to which a redirect points, if it names one (RFC 9110, section 10.2.2). */
export function setResponseHops(facts: Partial<FlowRecord>, status: number, location: string): void {
  const authority = /^(?:https?:)?\/\/(?:[^/?#@]*@)?([^/?#]+)/i.exec(location)?.[1];
  if (authority === undefined || status < 300 || status > 399) return;
  const hops = new HopList();
  hops.add('http-redirect', authority);
  const own = facts['url.domain'];
  if (hops.texts[0] !== `http-redirect=${own}`) set(facts, hops);
}

function set(facts: Partial<FlowRecord>, hops: HopList): void {
  const { texts } = hops;
  if (texts.length > 0) facts['telltale.flow.hops'] = texts;
}
