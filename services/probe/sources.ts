import type { z } from 'zod';
import type { Component, Logger, Metrics } from '#runtime';
import { reportFollow, reportLive, reportSocket, type Check } from '../operations/operations.ts';
import { CaptureSource, type CaptureSourceOptions } from './capture-source.ts';
import type { liveSection } from './configuration.ts';
import { ExportListener } from './export-listener.ts';
import { FollowSource } from './follow-source.ts';
import type { ListenAddress } from './listen-address.ts';
import { LiveSource } from './live-source.ts';
import type { OutletOptions } from './outlet.ts';
import { SocketListener } from './socket-listener.ts';

/** What a probe reads: exactly one of these. */
export interface ProbeInputs {
  /** Captures and logs: files, folders, or `-`. */
  captures: readonly string[];
  /** The files grow and may be rotated: keep reading. */
  follow?: boolean;
  /** Where to listen for flow exports, or writers of a log. */
  listen?: ListenAddress;
  /** Interface to capture from. */
  interface?: string;
  /** Capture filter, which overrides the configured one. */
  filter?: string;
  /** Threads that share the packets of a capture file. */
  workers?: number;
}

export interface SourceOptions extends OutletOptions, Pick<CaptureSourceOptions, 'onProgress' | 'onDone' | 'onLeft' | 'workers'> {
  live: z.output<typeof liveSection>;
  /** Files of the probe's state. */
  templates: string;
  positions: string;
  logger: Logger;
  metrics: Metrics;
}

export interface ProbeSource {
  source: Component;
  /** Conditions for readiness. */
  checks: Check[];
  /** Name of an endless source, such as `interface eth0`. */
  endless: string | null;
}

/** The source for these inputs. Its metrics are registered. */
export function sourceOf(inputs: ProbeInputs, options: SourceOptions): ProbeSource {
  const { captures, follow, listen } = inputs;
  const { live, templates, positions, metrics, workers, onProgress, onDone, onLeft, ...common } = options;
  const now = (): number => Date.now() * 1000;
  if (listen?.kind === 'udp')
    return {
      source: new ExportListener({ ...common, listen, templates, now }),
      checks: [],
      endless: `flow exports to udp://${listen.host}:${listen.port}`,
    };
  if (listen?.kind === 'unix') {
    const socket = new SocketListener({ ...common, path: listen.path });
    reportSocket(metrics, socket);
    return { source: socket, checks: [], endless: `what writers send to ${listen.path}` };
  }
  const device = inputs.interface ?? (captures.length === 0 ? live.interface : undefined);
  if (device !== undefined) {
    const request = { interface: device, filter: inputs.filter ?? live.filter ?? '', snapLength: live.snapLength, bufferBytes: live.buffer };
    const source = new LiveSource({ ...common, request, program: live.program, now });
    reportLive(metrics, source);
    return { source, checks: [source], endless: `interface ${device}` };
  }
  if (follow) {
    const source = new FollowSource({ ...common, files: captures, positions });
    reportFollow(metrics, source);
    return { source, checks: [], endless: `${captures.join(', ')} as ${captures.length === 1 ? 'it grows' : 'they grow'}` };
  }
  return { source: new CaptureSource({ ...common, workers, onProgress, onDone, onLeft, captures }), checks: [], endless: null };
}
