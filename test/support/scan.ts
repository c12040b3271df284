import { CaptureReader, PacketView } from '#capture';
import type { Finding, FlowRecord } from '#flow';
import type { Recognised } from '#identifiers';
import { projectRoot } from '#runtime';
import { Detection } from '../../services/detector/detection.ts';
import { loadDetection } from '../../services/detector/packs.ts';
import type { CaptureInput } from '../../services/probe/captures.ts';
import { createPipeline } from '../../services/probe/create.ts';
import type { ProbePipeline } from '../../services/probe/pipeline.ts';
import { replayCapture } from '../../services/probe/replay.ts';

/** The same in each run, so that tokens are the same. */
const testTokenKey = Buffer.alloc(32, 7);

export interface Probed {
  records: FlowRecord[];
  /** The raw values that the recogniser found. */
  recognised: Recognised[];
  pipeline: ProbePipeline;
}

/** A capture in memory through the pipeline of the probe `observer`. */
export function probeCapture(capture: Buffer, file = 'capture.pcap', observer = 'local'): Probed {
  const recognised: Recognised[] = [];
  const pipeline = createPipeline({ tokenKey: testTokenKey, observer, onRecognised: (some) => recognised.push(...some) });
  const reader = new CaptureReader(pipeline.capture);
  const view = new PacketView();
  pipeline.begin(file);
  reader.push(capture);
  reader.finish();
  while (reader.next(view)) pipeline.packet(view);
  pipeline.finish();
  return { records: pipeline.take(), recognised, pipeline };
}

/** A capture file through the probe's pipeline. */
export async function probeFile(input: CaptureInput): Promise<Probed> {
  const recognised: Recognised[] = [];
  const records: FlowRecord[] = [];
  const pipeline = createPipeline({ tokenKey: testTokenKey, onRecognised: (some) => recognised.push(...some) });
  await replayCapture(input, { pipeline, send: async (some) => void records.push(...some) });
  return { records, recognised, pipeline };
}

const loading = loadDetection({ root: projectRoot });

/** Enriches the records, and returns what the shipped rules and policies find. Calls are independent of each other. */
export async function detect(records: readonly FlowRecord[]): Promise<Finding[]> {
  const { geography, catalogue, policies, pack, versions } = await loading;
  return new Detection({ geography, catalogue, policies, rules: pack.plan, hits: pack.hits, versions }).detect(records);
}
