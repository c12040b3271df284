import type { Field, Message } from '#dissect';
import { isPrefixedPublishableKey } from './api-keys.ts';
import { parseAuthorization } from './authorization.ts';
import { catalogue } from './catalogue.ts';
import { geoPosition, turnUsername } from './catalogue/accounts.ts';
import { basicCredentials, bearerToken, digestCredentials, jwt, publishableKey } from './catalogue/credentials.ts';
import { joinLink, roomId } from './catalogue/rooms.ts';
import { parseDigestKey } from './digest-key.ts';
import type { Digests } from './digests.ts';
import { FieldMemory, type KnownField } from './field-memory.ts';
import { HostLabels } from './host-labels.ts';
import type { KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { identifiersInPath } from './path-segments.ts';
import { chain, type Known, type MessageReading, type Place } from './reading.ts';
import type { Scanners } from './scanners.ts';
import type { TextScanner } from './text-scan.ts';
import { uncertaintyOfDigest, uncertaintyOfPath } from './uncertainty.ts';
import type { ValueReader } from './value-reader.ts';
import { isZoomHost, secretOfJoinLink } from './zoom.ts';

const hostLabels = new HostLabels(catalogue);

/** Reads the named fields of a message: headers, parameters, arguments of a login. */
export class FieldReader {
  readonly #keyNames: KeyNames;
  readonly #text: TextScanner;
  readonly #values: ValueReader;
  readonly #digests: Digests<Known>;
  readonly #reading: MessageReading;
  readonly #memory: FieldMemory;

  constructor({ keyNames, text }: Scanners, values: ValueReader, digests: Digests<Known>, reading: MessageReading) {
    this.#keyNames = keyNames;
    this.#text = text;
    this.#values = values;
    this.#digests = digests;
    this.#reading = reading;
    this.#memory = new FieldMemory(keyNames);
  }

  read(message: Message): void {
    this.#hops(message);
    if (message.fields.length === 0) return;
    let latitude: Field | null = null;
    let longitude: Field | null = null;
    let before: Field | null = null;
    for (const field of message.fields) {
      if (field.path === 'url.path') {
        this.#urlPath(field, message);
        continue;
      }
      if (field.value === '') continue;
      const known = this.#memory.of(field);
      if (known.axis === 'latitude') latitude ??= field;
      else if (known.axis === 'longitude') longitude ??= field;
      this.#field(field, known);
      if (field.path === 'mqtt.topic') this.#pathSegments(field.value, field, message);
      if (known.inCompany.length > 0) this.#inCompany(field, known.inCompany, message);
      if (before !== null && known.isPair) this.#pair(before, field);
      if (before !== null && known.role === 'value') this.#parameter(before, field);
      before = field;
    }
    if (latitude !== null && longitude !== null) this.#position(latitude, longitude);
    this.#jitsiRoom(message);
  }

  /** Names of further hosts, which a record tells like those among the fields: proxies, targets of redirects and tunnels. */
  #hops({ facts, sender, frame }: Message): void {
    for (const hop of facts['telltale.flow.hops'] ?? []) {
      const sign = hop.indexOf('=');
      for (const { kind, value } of hostLabels.find(hop.slice(sign + 1)))
        this.#addUncertain(kind, value, uncertaintyOfPath, { path: `hop.${hop.slice(0, sign)}`, encoding: '', sender, frame });
    }
  }

  #field(field: Field, known: KnownField): void {
    const { path, value } = field;
    this.#key(field, known);
    if (path === 'stun.username' || path === 'stun.ice_username') {
      // An ICE user name is random in each session; only a long-term one identifies a user.
      if (path === 'stun.username' && turnUsername.validate(value)) this.#reading.addAnnounced(turnUsername, value, field);
      return;
    }
    if (!this.#knownDigest(field)) this.#remembered(field, known, value, this.#value);
  }

  /** A key may itself be data. */
  #key(field: Field, known: KnownField): void {
    if (known.isKeyPlain && this.#reading.watch === null) return;
    this.#reading.beginRecord();
    this.#values.readPlain(field.key, null, field);
    known.isKeyPlain = this.#reading.endRecord().length === 0 && this.#reading.isComplete;
  }

  /** The findings in a text of the field, by `read` or, if it was read before, from memory. */
  #remembered(field: Field, known: KnownField, text: string, read: (text: string, field: Field, known: KnownField) => void): void {
    const findings = this.#reading.watch === null ? this.#memory.recall(known, text, field.encoding) : null;
    if (findings !== null) return this.#reading.addAgain(findings, field);
    this.#reading.beginRecord();
    read(text, field, known);
    const record = this.#reading.endRecord();
    if (this.#reading.isComplete) this.#memory.remember(known, text, field.encoding, record);
  }

  readonly #value = (value: string, field: Field, known: KnownField): void => {
    if (known.isHost)
      for (const { kind, value: label } of hostLabels.find(value)) this.#addUncertain(kind, label, uncertaintyOfPath, field);
    if (known.isAuthorization && this.#authorization(field)) return;
    if (!this.#digest(field)) this.#values.read(value, known.announcement, field);
  };

  #authorization(field: Field): boolean {
    const credentials = parseAuthorization(field.value);
    if (credentials === null) return false;
    if (credentials.scheme === 'basic') {
      const place = { ...field, encoding: chain(field.encoding, 'base64') };
      // The key is sent in place of the user's name, with an empty password.
      const key = credentials.value.slice(0, -1);
      if (isPrefixedPublishableKey(key)) this.#reading.addAnnounced(publishableKey, key, place, credentials.written);
      else this.#reading.addAnnounced(basicCredentials, credentials.value, place, credentials.written);
      return true;
    }
    if (credentials.scheme === 'digest') {
      if (digestCredentials.validate(credentials.value)) this.#reading.addAnnounced(digestCredentials, credentials.value, field);
      return false; // Its other parameters include the user name.
    }
    const kind = isPrefixedPublishableKey(credentials.value)
      ? publishableKey
      : [jwt, bearerToken].find((candidate) => candidate.validate(credentials.value));
    if (kind === undefined) return false;
    this.#reading.addAnnounced(kind, credentials.value, field);
    if (kind === jwt) this.#values.claims(credentials.value, field);
    return true;
  }

  /** Whether the value is the digest of an identifier seen in clear; if so, reports that identifier. */
  #knownDigest(field: Field): boolean {
    const digested = this.#digests.find(field.value);
    if (digested === null) return false;
    const { kind } = digested.identity;
    const place = { ...field, encoding: chain(field.encoding, digested.algorithm) };
    this.#reading.add({ kind, value: field.value, confidence: kind.confidence }, place, '', digested.identity);
    return true;
  }

  #digest(field: Field): boolean {
    const digest = parseDigestKey(field.key, field.value);
    if (digest === null) return false;
    const kind = this.#keyNames.announced(digest.key)?.kinds.find(({ dataClass }) => dataClass === 'direct' || dataClass === 'device');
    if (kind === undefined) return false;
    this.#addUncertain(kind, field.value, uncertaintyOfDigest, { ...field, encoding: chain(field.encoding, digest.algorithm) });
    return true;
  }

  /** A kind whose key name counts only in context: beside certain fields, or at certain hosts. */
  #inCompany(field: Field, kinds: readonly IdentifierKind[], message: Message): void {
    const kind = kinds.find(({ validate, company }) => validate(field.value) && company!.holds(field, message));
    if (kind !== undefined) this.#reading.addAnnounced(kind, field.value, field);
  }

  /** Two elements of a list, as positions in GeoJSON. */
  #pair(first: Field, second: Field): void {
    if (!second.path.endsWith('[1]') || first.path !== `${second.path.slice(0, -3)}[0]`) return;
    const value = `${first.value},${second.value}`;
    if (!geoPosition.validate(value)) return;
    for (const part of [first, second]) this.#reading.addAnnounced(geoPosition, value, first, part.value);
  }

  /** The value of a parameter whose name is a value too: `{"name":"userId","value":"4711"}`. */
  #parameter(name: Field, field: Field): void {
    const parent = field.path.slice(0, -field.key.length);
    if (this.#memory.of(name).role !== 'name' || name.path !== parent + name.key) return;
    const announcement = this.#keyNames.announced(name.value);
    if (announcement !== null) this.#values.readPlain(field.value, announcement, field);
  }

  #position(latitude: Field, longitude: Field): void {
    const value = `${latitude.value},${longitude.value}`;
    if (!geoPosition.validate(value)) return;
    for (const part of [latitude, longitude]) this.#reading.addAnnounced(geoPosition, value, latitude, part.value);
  }

  /** Jitsi's XMPP transports name the room in their query. */
  #jitsiRoom({ facts, fields }: Message): void {
    const path = facts['url.path'];
    if (path === undefined || !/\/(?:http-bind|xmpp-websocket)$/.test(path)) return;
    for (const field of fields)
      if (field.path === 'url.query.room' && roomId.validate(field.value)) this.#reading.addAnnounced(roomId, field.value, field);
  }

  /** Identifiers in the path of a URL: `/users/4711/rooms/88`, `zoom.us/j/…`. */
  #urlPath(field: Field, message: Message): void {
    const path = this.#reading.bounded(field.value);
    this.#pathSegments(path, field, message);
    const host = message.facts['url.domain'] ?? '';
    if (isZoomHost(host)) this.#zoomUrl(`${host}${path}`, message.facts['url.query'] ?? '', field);
    else if (path !== '') this.#remembered(field, this.#memory.of(field), path, this.#path);
  }

  #pathSegments(path: string, field: Field, message: Message): void {
    for (const { kind, value } of identifiersInPath(path, this.#keyNames, message.fields)) this.#addUncertain(kind, value, uncertaintyOfPath, field);
  }

  #addUncertain(kind: IdentifierKind, value: string, uncertainty: number, place: Place): void {
    this.#reading.add({ kind, value, confidence: kind.confidence - uncertainty }, place);
  }

  /** A parameter within a path ends with its segment (RFC 3986, section 3.3); a URL within a path has slashes of its own. */
  readonly #path = (path: string, field: Field): void => {
    const parts = /=[^/]*\//.test(path) && !path.includes('://') ? path.split('/') : [path];
    for (const part of parts) if (part !== '') this.#values.read(part, null, field);
  };

  /** A join link spans host, path and query, which are separate facts: its secret has to be redacted in the query. */
  #zoomUrl(hostAndPath: string, query: string, field: Field): void {
    const url = query === '' ? hostAndPath : `${hostAndPath}?${query}`;
    for (const hit of this.#text.scan(url, false)) {
      this.#reading.add(hit, field, hit.kind === joinLink ? secretOfJoinLink(hit.value) : '');
    }
  }
}
