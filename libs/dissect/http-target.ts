import type { FlowRecord } from '#flow';
import { readsLikeIpv4 } from './address.ts';
import type { FieldList, FrameMap } from './fieldlist.ts';
import { hostOf } from './host.ts';
import type { DissectEnvironment } from './options.ts';
import { encodingOf, addPairs, decodeUrl, decodeUtf8 } from './urlencoded.ts';

/** The parts of a request target (RFC 9112, section 3.2), as written. */
export interface Target {
  /** `user:password` of an absolute form. */
  userInfo: string;
  /** `host:port` of an absolute form or of CONNECT. */
  authority: string;
  path: string;
  query: string;
  /** Positions of path and query in the target. */
  pathStart: number;
  queryStart: number;
}

export function splitTarget(method: string, target: string): Target {
  if (method === 'CONNECT') return { userInfo: '', authority: target, path: '', query: '', pathStart: 0, queryStart: 0 };
  let pathStart = 0;
  let authority = '';
  if (/^[a-z][a-z0-9+.-]{0,15}:\/\//i.test(target)) {
    const start = target.indexOf('//') + 2;
    const length = target.slice(start).search(/[/?#]/);
    pathStart = length < 0 ? target.length : start + length;
    authority = target.slice(start, pathStart);
  }
  const at = authority.lastIndexOf('@');
  const fragment = target.indexOf('#', pathStart);
  const end = fragment < 0 ? target.length : fragment;
  const mark = target.indexOf('?', pathStart);
  const pathEnd = mark < 0 || mark > end ? end : mark;
  return {
    userInfo: at < 0 ? '' : authority.slice(0, at),
    authority: authority.slice(at + 1),
    path: target.slice(pathStart, pathEnd),
    query: target.slice(Math.min(pathEnd + 1, end), end),
    pathStart,
    queryStart: pathEnd + 1,
  };
}

/** Adds path, query and credentials of a target that is at `position` of the bytes whose packets `frames` maps. */
export function addTarget(list: FieldList, target: Target, position: number, frames: FrameMap): void {
  const { userInfo, authority, path, query } = target;
  if (authority !== '')
    list.add('url.domain', '', decodeUtf8(authority.replace(/:\d*$/, '')), '', frames.frameAt(position + Math.max(0, target.pathStart - 1)));
  if (userInfo !== '') {
    const colon = userInfo.indexOf(':');
    const frame = frames.frameAt(position + target.pathStart);
    const user = colon < 0 ? userInfo : userInfo.slice(0, colon);
    list.add('url.username', 'username', decodeUrl(user), encodingOf(user), frame);
    if (colon >= 0)
      list.add('url.password', 'password', decodeUrl(userInfo.slice(colon + 1)), encodingOf(userInfo.slice(colon + 1)), frame);
  }
  if (path.length > 1)
    list.add('url.path', '', decodeUrl(path), encodingOf(path), frames.frameAt(position + target.pathStart + path.length - 1));
  if (query !== '') addPairs(list, query, position + target.queryStart, { path: 'url.query', frames, encoding: '' });
}

/**
 * Sets the facts about a request's destination: the host of an absolute target, else that of the Host header, or of its equivalent in `source`.
 * A value that is not a host name is counted and not used as a name, since a client can write anything there.
 */
export function setTargetFacts(
  facts: Partial<FlowRecord>,
  target: Pick<Target, 'authority' | 'path' | 'query'>,
  host: string,
  { counters }: DissectEnvironment,
  source: 'http' | 'coap' = 'http',
): void {
  const domain = hostOf(target.authority === '' ? host : target.authority);
  if (domain === null) counters.add(source, 'malformed host');
  else if (domain !== '') {
    facts['url.domain'] = domain;
    if (!isAddress(domain)) {
      facts['destination.domain'] = domain;
      facts['telltale.destination.domain_source'] = source;
    }
  }
  if (target.path !== '') facts['url.path'] = decodeUtf8(target.path);
  if (target.query !== '') facts['url.query'] = decodeUtf8(target.query);
}

function isAddress(host: string): boolean {
  return host.includes(':') || readsLikeIpv4(host);
}
