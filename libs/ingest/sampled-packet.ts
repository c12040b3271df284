import type { PacketView } from '#capture';
import {
  createMessage, DatagramDissector, defaultDissectOptions, DissectCounters, dissectIpPayload, isIpPayloadRead, SctpDissector, StreamDissector,
  type DissectEnvironment, type Message, type Sender,
} from '#dissect';
import type { IngestCounters } from './counters.ts';
import { dissect } from './dissected.ts';
import type { LogEntry } from './entry.ts';

/**
 * Reads the beginning of one sampled packet with the dissectors of captures, like a truncated packet in a capture whose flow is otherwise
 * unknown. The entry is that of the packet.
 *
 * Where the end is missing, the word at the cut may continue beyond it and is left out: half an identifier could be somebody else's. Nor
 * can a truncated message be called malformed: such packets are counted as cut, and what dissectors miss in them is not counted.
 */
export function sampledMessages(view: PacketView, { endpoints, micros, totals }: LogEntry, counters: IngestCounters): Message[] {
  if (view.isFragment) {
    counters.add('sflow', 'sampled fragments, whose payload is not read');
    return [];
  }
  const isCut = view.payloadMissing > 0;
  const captured = view.data.subarray(view.payloadStart, view.payloadEnd);
  const payload = isCut ? captured.subarray(0, endOfWholeWords(captured)) : captured;
  if (isCut) counters.add('sflow', 'sampled packets whose payload is cut');
  if (payload.length === 0) return [];

  const { transport, sourcePort, destinationPort } = endpoints;
  const sender: Sender = totals!.sourcePackets > 0 ? 'source' : 'destination';
  const messages: Message[] = [];
  const keep = (message: Message): void => void messages.push({ ...message, payload: message.payload && Buffer.from(message.payload) });
  const read = (environment: DissectEnvironment): void => {
    const context = { sender, sourcePort, destinationPort, frame: 0, micros };
    if (transport === 'tcp') readSegment(new StreamDissector(environment, keep, destinationPort), sender, payload, micros);
    else if (transport === 'udp') new DatagramDissector(environment, keep).datagram(payload, context);
    else if (transport === 'sctp') new SctpDissector(environment, keep).packet(payload, context);
    else if (isIpPayloadRead(transport)) {
      const message = dissectIpPayload(transport, payload, context, environment);
      if (message !== null) keep(message);
    }
  };
  if (isCut) read({ options: defaultDissectOptions, counters: new DissectCounters() });
  else dissect(counters, read);
  // A dissector drops a message that states its length and is incomplete. There will be no other sample of it, so its bytes are searched.
  if (transport === 'tcp' && messages.length === 0) keep({ ...createMessage('tcp', partOfMessage, { sender, frame: 0, micros }), payload });
  return messages;
}

const partOfMessage = { verdict: 'opaque', reason: 'part of a message' } as const;

function readSegment(stream: StreamDissector, sender: Sender, payload: Buffer, micros: number): void {
  stream.data(sender, payload, 0, micros);
  stream.end();
}

/** Length without the last word: a run of letters, digits, characters that occur inside names and numbers, and bytes of UTF-8. */
function endOfWholeWords(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && isOfWord[bytes[end - 1]!] === 1) end--;
  return end;
}

const isOfWord = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte >= 0x80 || /[\w.~%+\-/:=@]/.test(String.fromCharCode(byte))));
