import type { Metrics } from '#runtime';
import type { StoreCounters } from '#store';
import type { DetectorCounters } from '../detector/detector.ts';
import type { FollowSource } from '../probe/follow-source.ts';
import type { LiveSource } from '../probe/live-source.ts';
import type { ProbePipeline } from '../probe/pipeline.ts';
import type { SocketListener } from '../probe/socket-listener.ts';

/** What the parts of a service count, as its metrics. */

export function reportStore(metrics: Metrics, counters: StoreCounters): void {
  metrics.counts('store', counters, {
    flows: 'Flow records stored.',
    findings: 'Findings stored.',
    hits: 'Matches stored for correlations to count.',
    rejected: 'Rows given up because ClickHouse does not accept them.',
    retries: 'Inserts tried again.',
    rollupMinutes: 'Minutes recomputed in the rollups.',
    rollupFailures: 'Recomputations that failed; they are tried again.',
  });
}

export function reportDetector(metrics: Metrics, counters: DetectorCounters): void {
  metrics.counts('detector', counters, {
    records: 'Flow records evaluated.',
    batches: 'Batches of them.',
    findings: { help: 'Findings, by level.', label: 'level' },
    unjudged: 'Records that the detection failed on because of a defect; they are stored without findings.',
    detectSeconds: 'Seconds spent in enrichment and rules.',
    storeSeconds: 'Seconds spent waiting for ClickHouse.',
    recalledSubjects: 'Subjects that were new to this process, so that the store was asked for their last minutes.',
    recalledRecords: 'Records that it answered with.',
    recallsCut: 'Answers of more than 100,000 rows, of which the earlier ones were not read, and subjects not asked for because their times lie '
      + 'too far apart: links with them may be missing, or told again.',
  });
}

export function reportProbe(metrics: Metrics, pipeline: ProbePipeline): void {
  metrics.counts('probe', pipeline.capture, {
    packets: 'Packets read.',
    bytes: 'Captured bytes of those packets.',
    decoded: 'Packets in which IP and transport were decoded.',
    kernelDrops: 'Packets lost because the capturing program was too slow, as the capture says.',
    interfaceDrops: 'Packets lost for want of room in the interface, as the capture says.',
    flowsStarted: 'Flows begun.',
    flowsEnded: 'Flows ended.',
    streamBytes: 'TCP payload delivered in order, bytes.',
    gapBytes: 'TCP payload that never came, bytes.',
  });
  metrics.counts('probe', pipeline.entries.counters, { entries: 'Entries read from logs and flow exports.' });
  metrics.counts('probe', pipeline, { records: 'Flow records made.' });
  metrics.counts('probe', pipeline.recorded, { hopsDropped: 'Places on a session\'s path over the bound of a flow.' });
  metrics.counts('identifiers', pipeline.identifiers, {
    recognised: { help: 'Identifiers recognised, by kind.', label: 'kind' },
    dropped: 'Identifiers over the bound of a message.',
    truncated: 'Texts and payloads of which only the beginning was read.',
    undecoded: 'Encoded values left alone because their message had reached its bound.',
    spellingsDropped: 'Spellings of one identifier over the bound of a message, whose facts are left out.',
    unwatched: 'Parts of messages not compared with the watchlists because a message had too many.',
  });
  metrics.counts('inference', pipeline.recurring.counters, {
    userLike: 'Values in payloads of unknown protocols that were inferred to identify a user.',
    roomLike: 'Values in payloads of unknown protocols that were inferred to identify a room.',
    unsampled: 'Flows of unknown protocols that were not looked at, because as many as are allowed were held.',
    evicted: 'Unknown protocols forgotten to make room for others.',
    forgotten: 'Values of unknown protocols forgotten, because a place in payloads had as many as are remembered.',
  });
  metrics.counts('probe', {
    get captureProblems() { return new Map([...pipeline.capture.reasons()].map(({ layer, reason, count }) => [`${layer}/${reason}`, count])); },
    get dissections() { return new Map([...pipeline.dissect.entries()].map(({ protocol, reason, count }) => [`${protocol}/${reason}`, count])); },
    get entryProblems() { return new Map([...pipeline.entries.counters.reasons()].map(({ source, reason, count }) => [`${source}/${reason}`, count])); },
  }, {
    entryProblems: 'Entries of logs and flow exports that were not used, or only in part, by source/reason.',
    captureProblems: 'What the capture library could not use, or only in part, by layer/reason.',
    dissections: { help: 'Messages, malformed input and bounds that bit, by protocol/reason.', label: 'outcome' },
  });
  metrics.counts('probe_names', pipeline.names, { evicted: 'Names that gave way to newer ones although they still held.' });
  metrics.gauge('telltale_inference_values', 'Values of unknown protocols that are remembered.', () => pipeline.recurring.size.values);
  metrics.gauge('telltale_probe_names', 'Names in the passive DNS cache.', () => pipeline.names.size);
}

export function reportLive(metrics: Metrics, live: Pick<LiveSource, 'counters' | 'delaySeconds'>): void {
  metrics.counts('probe_live', live.counters, { restarts: 'Starts of the capturing program after it had ended.' });
  metrics.gauge(
    'telltale_probe_live_delay_seconds',
    'Age of the newest packet when it was read; it grows where the probe is slower than the traffic.',
    () => live.delaySeconds,
  );
}

export function reportSocket(metrics: Metrics, socket: Pick<SocketListener, 'counters' | 'writers'>): void {
  metrics.counts('probe_socket', socket.counters, {
    connections: 'Connections of writers to the log socket.',
    refused: 'Connections refused, or closed because what came is no log.',
  });
  metrics.gauge('telltale_probe_socket_writers', 'Writers connected to the log socket.', () => socket.writers);
}

export function reportFollow(metrics: Metrics, follow: Pick<FollowSource, 'counters' | 'files'>): void {
  metrics.counts('probe_follow', follow.counters, {
    resumed: 'Followed files that were read on where an earlier run had stopped.',
    lostRests: 'Files of which an earlier run had read a part, and whose rest is gone.',
    passedOver: 'Files that are not followed: neither capture nor log, compressed, unreadable, or over the bound.',
    forgottenPositions: 'Positions forgotten to make room for others: those files would be read again.',
    saveFailures: 'Positions that could not be saved; they are tried again.',
  });
  metrics.gauge('telltale_probe_followed_files', 'Files that are followed.', () => follow.files);
}
