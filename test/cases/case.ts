import type { Endpoint } from '#capture';

/** What a case's module exports. */
export interface Case {
  /** Builds the capture, with the same bytes each time. */
  capture(): Buffer;
  /** Everything that has to be found in it, written by hand, never from the program's output. */
  story: readonly Told[];
}

/** A finding in a story. */
export interface Told {
  /** Title of the rule. */
  rule: string;
  /** Number of the packet, as Wireshark counts, that holds the last byte of the evidence. */
  frame: number;
  /** Address of the monitored endpoint. */
  from: string;
  /** Country in which the peer is located. */
  country: string;
  /** The identifier that the finding is about, if any. */
  identifier?: Identifier;
}

export interface Identifier {
  kind: string;
  /** The decoded value. */
  value: string;
  path: string;
  /** Default none. */
  encoding?: string;
}

/** Time of the first packet of each case: 2026-04-03T12:00:00Z, in µs. */
export const start = 1_775_217_600_000_000;
export const second = 1_000_000;

export const alice = '10.20.0.11';
export const bela = '10.20.0.12';

/** Somebody's web server; located in the United States. Nothing was ever sent to it. */
export const web: Endpoint = { ip: '93.184.215.14', port: 80 };

/** The mainland address in Agora's published allowlist. */
export const agora: Endpoint = { ip: '106.14.12.130', port: 8000 };
export const agoraName = 'qos-america.agoralab.co';

/** Titles of the rules that ship. */
export const userInClear = 'User id in clear';
export const roomInClear = 'Room or meeting id in clear';
export const platformIdInClear = 'User or room id in clear at a communication service';
export const linked = 'User and room linked in clear';
export const deviceInClear = 'Device or advertising id in clear';
export const personInClear = 'Direct identifier of a person in clear';
export const httpCredential = 'HTTP credentials in clear';
export const deviceLinked = 'Device and account linked in clear';
export const analyticsInClear = 'Device data in clear to an analytics endpoint';
export const sessionInClear = 'Session token in clear';
export const deniedCountry = 'Service traffic to a country its policy denies';
export const unknownPlace = 'Service traffic to an undetermined place';
export const publicCredential = 'Public or doubtful credential in clear';
export const locationLinked = 'Person or device and location linked in clear';
export const inferred = 'Inferred user or room id in an unknown protocol';
export const thirdParty = 'Third-party analytics endpoint contacted';
