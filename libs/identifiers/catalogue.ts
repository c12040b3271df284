import { accountId, geoPosition, personName, receiverPosition, tokenSubject, turnUsername, userId, userName } from './catalogue/accounts.ts';
import { email, iban, localMailbox, paymentCard, residentId, sipNumber, sipUri, xmppJid } from './catalogue/contacts.ts';
import {
  analyticsClient, apiKey, basicCredentials, bearerToken, digestCredentials, jwt, password, publishableKey, sessionCookie, sessionToken,
  trackingId, visitorId,
} from './catalogue/credentials.ts';
import { advertisingId, androidId, bssid, deviceId, idfv, mac, pushToken, udid } from './catalogue/devices.ts';
import { agoraChannel, authorizationCode, zoomMeeting } from './catalogue/in-company.ts';
import { guestPassword, loginName, loginPassword, loginResponse, machineAccount } from './catalogue/logins.ts';
import {
  certificateDevice, certificateHolder, clientSubnet, deviceName, greetingDevice, mediaKey, mqttClientId, namedDevice, remoteDesktopClient,
  sharedAccessSignature, signalledImei, signalledImsi, signalledMsisdn, snmpCommunity, streamKey, upnpDevice,
} from './catalogue/protocols.ts';
import {
  callId, channelId, conversationId, joinLink, linkedMeeting, meetingId, mucRoomId, plainChannel, plainMeeting, plainRoom, roomId,
} from './catalogue/rooms.ts';
import { birthDate, socialSecurityNumber, windowsSid } from './catalogue/persons.ts';
import { privateAddress, ssid } from './catalogue/places.ts';
import { deviceImei, iccid, imei, imsi, msisdn, phone } from './catalogue/subscriptions.ts';
import { watchedValue } from './catalogue/watched.ts';
import type { IdentifierKind } from './kind.ts';

/**
 * All entries, most specific first: if several fit a value, the first is its kind. A kind may have several entries, which differ in how they are
 * recognised.
 *
 * To add a kind, write its entry beside related ones, with examples that must and must not match, and list it here before any entry of which it is a
 * special case. Tests, docs/identifiers.md and rules by kind or data class follow.
 */
export const catalogue: readonly IdentifierKind[] = [
  basicCredentials, digestCredentials, loginResponse, joinLink, sharedAccessSignature, snmpCommunity, guestPassword, loginPassword, password, jwt,
  streamKey, mediaKey, publishableKey, apiKey, turnUsername,
  imei, deviceImei, imsi, iccid, msisdn, signalledImei, signalledImsi, signalledMsisdn, residentId, socialSecurityNumber, iban, paymentCard,
  windowsSid,
  androidId, advertisingId, idfv, udid, bssid, mac, pushToken,
  mucRoomId, xmppJid, email, localMailbox, phone, sipUri, sipNumber, geoPosition, receiverPosition,
  linkedMeeting, meetingId, zoomMeeting, plainMeeting, roomId, plainRoom, channelId, agoraChannel, plainChannel, callId, conversationId,
  authorizationCode, bearerToken, sessionToken, sessionCookie, accountId, deviceId, upnpDevice, remoteDesktopClient, certificateDevice, mqttClientId, machineAccount, deviceName, greetingDevice, namedDevice,
  clientSubnet, privateAddress, tokenSubject, userId, loginName, userName, certificateHolder, personName, birthDate,
  visitorId, analyticsClient, trackingId, ssid, watchedValue,
];

/** Index of an entry in the order from specific to general; the lower one wins. */
export function precedence(kind: IdentifierKind): number {
  return precedences.get(kind)!;
}

const precedences = new Map(catalogue.map((kind, index) => [kind, index]));
