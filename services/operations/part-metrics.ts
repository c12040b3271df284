import type { Metrics } from '#runtime';
import type { StoreCounters } from '#store';
import type { DetectorCounters } from '../detector/detector.ts';
import type { FollowSource } from '../probe/follow-source.ts';
import type { LiveSource } from '../probe/live-source.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';
import type { SocketListener } from '../probe/socket-listener.ts';

/** Registers the counters of a service's parts as metrics. */

export function reportStore(metrics: Metrics, counters: StoreCounters): void {
  metrics.counts('store', counters, {
    flows: 'Flow records stored.',
    findings: 'Findings stored.',
    hits: 'Rule matches stored for correlations to count.',
    rejected: 'Rows dropped because ClickHouse does not accept them.',
    retries: 'Inserts retried.',
    rollupMinutes: 'Minutes of the rollups that were recomputed.',
    rollupFailures: 'Recomputations of rollups that failed; they are retried.',
  });
}

export function reportDetector(metrics: Metrics, counters: DetectorCounters): void {
  metrics.counts('detector', counters, {
    records: 'Flow records evaluated.',
    batches: 'Batches of flow records evaluated.',
    findings: { help: 'Findings, by level.', label: 'level' },
    unjudged: 'Records on which detection failed because of a defect; they are stored without findings.',
    detectSeconds: 'Seconds spent in enrichment and rules.',
    storeSeconds: 'Seconds spent waiting for ClickHouse.',
    recalledSubjects: 'Subjects new to this process, whose last minutes were queried from the store.',
    recalledRecords: 'Records that the store returned for them.',
    recallsCut: 'Answers of the store that were cut to the latest 100,000 rows, and subjects not queried because their times are too far apart: '
      + 'links with them may be missing or reported again.',
  });
}

export function reportProbe(metrics: Metrics, pipeline: ProbePipeline): void {
  metrics.counts('probe', pipeline.capture, {
    packets: 'Packets read.',
    bytes: 'Captured bytes of the packets read.',
    decoded: 'Packets in which IP and transport were decoded.',
    kernelDrops: 'Packets dropped by the kernel because the capture program was too slow, as reported by the capture.',
    interfaceDrops: 'Packets dropped by the interface for lack of buffers, as reported by the capture.',
    flowsStarted: 'Flows started.',
    flowsEnded: 'Flows ended.',
    streamBytes: 'Bytes of TCP payload delivered in order.',
    gapBytes: 'Bytes of TCP payload that never arrived.',
  });
  metrics.counts('probe', pipeline.entries.counters, { entries: 'Entries read from logs and flow exports.' });
  metrics.counts('probe', pipeline, { records: 'Flow records produced.' });
  metrics.counts('probe', pipeline.recorded, { hopsDropped: 'Hops of a session\'s path left out because the flow had too many.' });
  metrics.counts('identifiers', pipeline.identifiers, {
    recognised: { help: 'Identifiers recognised, by kind.', label: 'kind' },
    dropped: 'Identifiers left out because their message had too many.',
    truncated: 'Texts and payloads of which only the beginning was searched.',
    undecoded: 'Encoded values not decoded because their message had too many.',
    spellingsDropped: 'Further spellings of an identifier left out, with their facts, because the message had too many.',
    unwatched: 'Parts of messages not compared with watchlists because their message had too many.',
  });
  metrics.counts('inference', pipeline.recurring.counters, {
    userLike: 'Values in payloads of unknown protocols inferred to identify a user.',
    roomLike: 'Values in payloads of unknown protocols inferred to identify a room.',
    unsampled: 'Flows of unknown protocols not examined because the most allowed were already held.',
    evicted: 'Unknown protocols forgotten to make room for others.',
    forgotten: 'Values of unknown protocols forgotten because their place in payloads had too many.',
  });
  metrics.counts('probe', {
    get captureProblems() { return new Map([...pipeline.capture.reasons()].map(({ layer, reason, count }) => [`${layer}/${reason}`, count])); },
    get dissections() { return new Map([...pipeline.dissect.entries()].map(({ protocol, reason, count }) => [`${protocol}/${reason}`, count])); },
    get entryProblems() {
      return new Map([...pipeline.entries.counters.reasons()].map(({ source, reason, count }) => [`${source}/${reason}`, count]));
    },
  }, {
    entryProblems: 'Entries of logs and flow exports that were skipped or used only in part, by source/reason.',
    captureProblems: 'Captured input that was skipped or used only in part, by layer/reason.',
    dissections: { help: 'Messages dissected, malformed input and bounds reached, by protocol/reason.', label: 'outcome' },
  });
  metrics.counts('probe_names', pipeline.names, { evicted: 'Names evicted from the passive DNS cache while still valid.' });
  metrics.gauge('telltale_inference_values', 'Values of unknown protocols remembered.', () => pipeline.recurring.size.values);
  metrics.gauge('telltale_probe_names', 'Names in the passive DNS cache.', () => pipeline.names.size);
}

export function reportLive(metrics: Metrics, live: Pick<LiveSource, 'counters' | 'delaySeconds'>): void {
  metrics.counts('probe_live', live.counters, { restarts: 'Restarts of the capture program after it had exited.' });
  metrics.gauge(
    'telltale_probe_live_delay_seconds',
    'Age of the newest packet when it was read; it grows while the probe cannot keep up with the traffic.',
    () => live.delaySeconds,
  );
}

export function reportSocket(metrics: Metrics, socket: Pick<SocketListener, 'counters' | 'writers'>): void {
  metrics.counts('probe_socket', socket.counters, {
    connections: 'Connections accepted on the log socket.',
    refused: 'Connections to the log socket refused, or closed because their data is not a log.',
  });
  metrics.gauge('telltale_probe_socket_writers', 'Writers connected to the log socket.', () => socket.writers);
}

export function reportFollow(metrics: Metrics, follow: Pick<FollowSource, 'counters' | 'files'>): void {
  metrics.counts('probe_follow', follow.counters, {
    resumed: 'Followed files resumed where an earlier run had stopped.',
    lostRests: 'Files that an earlier run had read in part, and whose rest is gone.',
    passedOver: 'Files not followed: neither capture nor log, compressed, unreadable, or beyond the most that are followed.',
    forgottenPositions: 'Positions evicted to make room for others; their files would be read again.',
    saveFailures: 'Failed attempts to save positions; they are retried.',
  });
  metrics.gauge('telltale_probe_followed_files', 'Files followed.', () => follow.files);
}
