import { FieldList } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message, type Origin } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramProtocol, Recognition, StreamProtocol } from './protocol.ts';

/*
 * ONC RPC calls (RFC 5531), as made by NFS and related protocols: the name of the calling machine, if given (AUTH_SYS, appendix A).
 * The arguments are passed on as payload.
 */

const cleartext: Encryption = { verdict: 'cleartext', reason: 'ONC RPC' };

const CALL = 0;
const REPLY = 1;
const VERSION = 2;
const AUTH_SYS = 1;
/** Program numbers begin here (RFC 5531, section 13); below 2^30 they are assigned or site-specific. */
const leastProgram = 100_000;
const mostProgram = 0x3fffffff;
/** Offset of the body of the credentials, and its maximum length (RFC 5531, section 8.2). */
const credentialsAt = 32;
const mostCredentials = 400;
/** More procedures than any program in use has. */
const mostProcedures = 255;

/** Whether a call begins at `at`; needs 32 bytes to decide. */
function isCall(bytes: Buffer, at: number): boolean {
  if (bytes.length < at + credentialsAt || bytes.readUInt32BE(at + 4) !== CALL || bytes.readUInt32BE(at + 8) !== VERSION) return false;
  const program = bytes.readUInt32BE(at + 12);
  return (
    program >= leastProgram &&
    program <= mostProgram &&
    bytes.readUInt32BE(at + 20) <= mostProcedures &&
    bytes.readUInt32BE(at + 28) <= mostCredentials
  );
}

function readCall(call: Buffer, origin: Origin, environment: DissectEnvironment): Message {
  const message = createMessage('rpc', cleartext, origin);
  const fields = new FieldList(message, environment);
  const length = call.readUInt32BE(28);
  const name = call.readUInt32BE(24) === AUTH_SYS && length >= 8 && call.length >= credentialsAt + 8 ? call.readUInt32BE(credentialsAt + 4) : 0;
  if (name > 0 && name <= 255 && credentialsAt + 8 + name <= call.length) {
    fields.add('rpc.machine_name', 'rpc_machine_name', call.toString('utf8', credentialsAt + 8, credentialsAt + 8 + name));
  }
  if (credentialsAt + length < call.length) message.payload = call.subarray(credentialsAt + length);
  return message;
}

export const rpc: DatagramProtocol = {
  name: 'rpc',
  recognise: (payload) => payload.length % 4 === 0 && isCall(payload, 0),
  read: readCall,
};

/** Size of the mark before a record, whose highest bit marks the last fragment (RFC 5531, section 11). */
const mark = 4;

function recogniseRecord(bytes: Buffer): Recognition {
  if (bytes[0] !== 0x80) return 'no';
  if (bytes.length < mark + credentialsAt) return bytes.length < 12 || bytes.readUInt32BE(8) === CALL ? 'more' : 'no';
  return isCall(bytes, mark) ? 'yes' : 'no';
}

class RpcReader implements FrameReader {
  readonly encryption = cleartext;

  lengthOf(bytes: Buffer): number {
    return bytes.length < mark ? 0 : mark + (bytes.readUInt32BE(0) & 0x7fffffff);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    return isCall(bytes, mark) ? readCall(bytes.subarray(mark), context, context) : null;
  }

  /** The content of a reply follows its id and message type. */
  content(bytes: Buffer): Buffer | null {
    return bytes.length > mark + 12 && bytes.readUInt32BE(mark + 4) === REPLY ? bytes.subarray(mark + 12) : null;
  }
}

export const rpcOverTcp: StreamProtocol = framedProtocol('rpc', recogniseRecord, () => new RpcReader());
