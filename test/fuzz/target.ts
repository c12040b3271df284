import assert from 'node:assert/strict';
import { CaptureError, CaptureReader, PacketView } from '#capture';
import type { FlowRecord } from '#flow';
import { createTokeniser } from '#identifiers';
import { encodeBatch } from '#wire';
import { ProbePipeline } from '../../services/probe/pipeline.ts';
import { defaultTables } from '../../services/probe/tables.ts';
import { MonitoredNetworks } from '../../services/probe/subject.ts';
import { writePackets, type Seed } from './corpus.ts';
import { mutate, seededRandom, type Random } from './mutate.ts';

/** Small tables, so that their bounds are reached. */
const tables = { ...defaultTables, flows: 8, stream: 8192, streams: 16_384, fragments: 16_384 };
/** A pipeline serves this many mutations: making one takes longer than most mutations. */
const mutationsPerPipeline = 256;
const recordsPerBatch = 1000;

/** The whole probe under damaged captures: reader, layers, streams, dissectors, recogniser, records, wire format. */
export class FuzzTarget {
  packets = 0;
  records = 0;
  refused = 0;
  readonly #seeds: readonly Seed[];
  readonly #seed: number;
  #pipeline = newPipeline();
  #served = 0;
  #records: FlowRecord[] = [];

  constructor(seeds: readonly Seed[], seed: number) {
    this.#seeds = seeds;
    this.#seed = seed;
  }

  /**
   * Mutation number `index`: the same seed and number give the same bytes. Throws what the probe throws, or an error when the probe retains
   * something.
   */
  run(index: number): void {
    const random = seededRandom(this.#seed + Math.imul(index, 0x9e3779b1));
    this.#replay(damagedCapture(this.#seeds, random), 1 + random(4096));
  }

  /** What mutation `index` starts from. */
  nameOf(index: number): string {
    return this.#seeds[seededRandom(this.#seed + Math.imul(index, 0x9e3779b1))(this.#seeds.length)]!.name;
  }

  #replay(capture: Buffer, chunkBytes: number): void {
    if (this.#served++ % mutationsPerPipeline === 0) this.#pipeline = newPipeline();
    const pipeline = this.#pipeline;
    const reader = new CaptureReader(pipeline.capture);
    const view = new PacketView();
    pipeline.begin('mutation.pcap');
    const drain = () => { while (reader.next(view)) pipeline.packet(view); };
    try {
      for (let at = 0; at < capture.length; at += chunkBytes) {
        reader.push(capture.subarray(at, at + chunkBytes));
        drain();
      }
      reader.finish();
      drain();
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.refused++;
    }
    pipeline.finish();
    this.packets += view.frame;
    this.#encode(pipeline.take());
    assert.equal(pipeline.capture.heldBytes, 0, 'bytes are still held');
    assert.equal(pipeline.capture.flowsStarted, pipeline.capture.flowsEnded, 'flows are still open');
  }

  /** In batches, as compressing each mutation alone would take as long as the rest. */
  #encode(records: FlowRecord[]): void {
    this.records += records.length;
    this.#records.push(...records);
    if (this.#records.length < recordsPerBatch) return;
    encodeBatch(this.#records);
    this.#records = [];
  }
}

/** One in four damages the file, the others some of its packets. */
function damagedCapture(seeds: readonly Seed[], random: Random): Buffer {
  const seed = seeds[random(seeds.length)]!;
  const donor = seeds[random(seeds.length)]!;
  if (seed.packets.length === 0 || random(4) === 0) return mutate(seed.file, donor.file, random);
  const donorBytes = donor.packets[random(donor.packets.length)]?.bytes ?? donor.file;
  const packets = [...seed.packets];
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(packets.length);
    packets[at] = { ...packets[at]!, bytes: mutate(packets[at]!.bytes, donorBytes, random) };
  }
  return writePackets(packets);
}

function newPipeline(): ProbePipeline {
  return new ProbePipeline({
    observer: 'fuzz', tokeniser: createTokeniser(Buffer.alloc(32, 1)), monitored: new MonitoredNetworks(), tables, now: () => 0,
  });
}
