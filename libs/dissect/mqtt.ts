import { addContent, FieldList } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';

/** MQTT 3.1, 3.1.1 and 5 (OASIS). A client opens with CONNECT, which identifies it; the rest reveals topics and what is published on them. */
export const mqtt = framedProtocol('mqtt', recogniseMqtt, () => new MqttReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'MQTT' };

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;

/** Flags of CONNECT (MQTT 5.0, section 3.1.2.3). */
const WILL = 0x04;
const PASSWORD = 0x40;
const USERNAME = 0x80;

/** Length and name of the protocol, as in CONNECT. */
const protocolNames = [Buffer.from('\0\x04MQTT'), Buffer.from('\0\x06MQIsdp')];

function recogniseMqtt(bytes: Buffer): Recognition {
  if (bytes[0] !== CONNECT << 4) return 'no';
  const header = headerLength(bytes);
  if (header === 0) return 'more';
  if (header < 0) return 'no';
  const name = bytes.subarray(header, header + 8);
  for (const expected of protocolNames) {
    const length = Math.min(name.length, expected.length);
    if (name.compare(expected, 0, length, 0, length) === 0) return length === expected.length ? 'yes' : 'more';
  }
  return 'no';
}

/** Size of the fixed header, whose length field ends with the first byte below 0x80; 0 if more bytes are needed, -1 if it is invalid. */
function headerLength(bytes: Buffer): number {
  for (let i = 1; i <= 4; i++) {
    if (bytes[i] === undefined) return 0;
    if (bytes[i]! < 0x80) return i + 1;
  }
  return -1;
}

class MqttReader implements FrameReader {
  /** Protocol level: 3, 4 (3.1.1) or 5, which has properties before the payloads. */
  #level = 4;
  /** Bytes of published payloads passed on; bounded like unclaimed payload. */
  #handedOver = 0;

  lengthOf(bytes: Buffer): number {
    const type = bytes[0]! >> 4;
    if (type === 0) return -1;
    const header = headerLength(bytes);
    return header <= 0 ? header : header + new ByteReader(bytes, 1).varint();
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const message = createMessage('mqtt', cleartext, context);
    const fields = new FieldList(message, context);
    const reader = new ByteReader(bytes, headerLength(bytes));
    const type = bytes[0]! >> 4;
    if (type === CONNECT) this.#connect(reader, fields);
    else if (type === PUBLISH) this.#publish(reader, bytes[0]!, message, context);
    else if (type === SUBSCRIBE || type === UNSUBSCRIBE) this.#subscribe(reader, type, fields);
    else return null;
    if (reader.failed) context.counters.add('mqtt', 'malformed packet');
    return message;
  }

  /** CONNECT (MQTT 5.0, section 3.1): client identifier, will, user name and password, of which all but the first are optional by flag. */
  #connect(reader: ByteReader, fields: FieldList): void {
    reader.take(reader.u16());
    this.#level = reader.u8() & 0x7f;
    const flags = reader.u8();
    reader.u16();
    this.#skipProperties(reader);
    fields.add('mqtt.connect.client_id', 'mqtt_client_id', readText(reader));
    if ((flags & WILL) !== 0) {
      this.#skipProperties(reader);
      fields.add('mqtt.connect.will_topic', 'topic', readText(reader));
      reader.take(reader.u16());
    }
    if ((flags & USERNAME) !== 0) fields.add('mqtt.connect.username', 'username', readText(reader));
    if ((flags & PASSWORD) !== 0) fields.add('mqtt.connect.password', 'password', readText(reader));
  }

  #publish(reader: ByteReader, header: number, message: Message, context: FrameContext): void {
    const fields = new FieldList(message, context);
    fields.add('mqtt.topic', 'topic', readText(reader));
    const quality = (header >> 1) & 3;
    if (quality > 0) reader.u16();
    this.#skipProperties(reader);
    const payload = reader.rest();
    if (reader.failed || payload.length === 0) return;
    if (this.#handedOver + payload.length > context.options.maxUnclaimedBytes) {
      context.counters.add('mqtt', 'bounded payload');
      return;
    }
    this.#handedOver += payload.length;
    addContent(message, fields, 'mqtt.payload.json', payload);
  }

  #subscribe(reader: ByteReader, type: number, fields: FieldList): void {
    reader.u16();
    this.#skipProperties(reader);
    while (reader.left > 0 && !reader.failed) {
      fields.add('mqtt.topic', 'topic', readText(reader));
      if (type === SUBSCRIBE) reader.u8();
    }
  }

  #skipProperties(reader: ByteReader): void {
    if (this.#level >= 5) reader.skip(reader.varint());
  }
}

function readText(reader: ByteReader): string {
  return reader.take(reader.u16()).text();
}
