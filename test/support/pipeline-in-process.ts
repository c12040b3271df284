import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Finding, FlowRecord } from '#flow';
import { projectRoot } from '#runtime';
import type { Detection } from '../../services/detector/detection.ts';
import { loadDetection } from '../../services/detector/packs.ts';
import { listCaptures } from '../../services/probe/captures.ts';
import { createPipeline } from '../../services/probe/create.ts';
import type { ProbePipeline } from '../../services/probe/pipeline.ts';
import { replayCapture } from '../../services/probe/replay.ts';

export interface InProcessResult {
  /** The probe's pipeline, for its counters. */
  readonly pipeline: ProbePipeline;
  /** By id. */
  readonly records: ReadonlyMap<string, FlowRecord>;
  readonly findings: ReadonlyMap<string, Finding>;
}

export interface InProcessOptions {
  readonly tokenKey: Buffer;
  readonly observer: string;
  /** A detection that has seen other captures before; by default a new one with the rules that ship. */
  readonly detection?: Detection;
}

/** Runs captures through probe and detection, with nothing between them that could lose or duplicate records. */
export async function runInProcess(captures: string, { tokenKey, observer, detection: given }: InProcessOptions): Promise<InProcessResult> {
  const detection = given ?? (await loadDetection({ root: projectRoot })).detection;
  const pipeline = createPipeline({ tokenKey, observer });
  const records = new Map<string, FlowRecord>();
  const findings = new Map<string, Finding>();
  const { inputs } = await listCaptures([captures]);
  for (const input of inputs) {
    await replayCapture(input, {
      pipeline,
      send: async (batch) => {
        for (const finding of detection.detect(batch)) findings.set(finding['event.id'], finding);
        for (const record of batch) records.set(record['event.id'], record);
      },
    });
  }
  return { pipeline, records, findings };
}

/** Makes a token key in `file`, as a probe does. */
export async function makeTokenKey(file: string): Promise<Buffer> {
  const key = randomBytes(32);
  await writeFile(file, `${key.toString('hex')}\n`, { mode: 0o600 });
  return key;
}
