import type { IdentifierKind, Shape } from '../kind.ts';
import { findMeetingLinks, meetingLinkAnchors, normaliseMeetingName } from '../meeting-links.ts';
import { maskSecret } from '../mask.ts';
import { isId, isTimestamp, isUuid, normaliseOpaque } from '../opaque.ts';
import { any, caseless, sequence } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';
import { findJoinLink, findMeetingNumber, isJoinLink, isMeetingNumber, normaliseJoinLink } from '../zoom.ts';

export const joinLink: IdentifierKind = {
  name: 'join_link',
  dataClass: 'secret',
  keys: [
    '*_join_url', 'join_link', 'meeting_url', 'meeting_link', 'invite_link', 'join_web_url', 'start_url',
  ],
  validate: isJoinLink,
  shape: { anchors: [caseless('zoom')], confidence: 97, find: findJoinLink },
  normalise: normaliseJoinLink,
  mask: maskSecret,
  holds: 'meeting_id',
  confidence: 97,
  traps: ['A link without `pwd` names the meeting, but does not open it.'],
  source: 'https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0065196 (ids in invitation links)',
  examples: {
    match: ['join https://us02web.zoom.us/j/81234567890?pwd=QUJDREVGR0hJSg.1 now', ['url', 'https://zoom.us/j/9876543210?pwd=abCD12']],
    noMatch: ['https://zoom.us/j/81234567890', 'https://zoom.us/pricing?pwd=abCD12', 'https://zoom.us.example.org/j/8?pwd=abCD12'],
  },
};

export const meetingId: IdentifierKind = {
  name: 'meeting_id',
  dataClass: 'room',
  keys: [
    '*_meeting_id', '*_meeting_number', 'meeting_no', 'meeting_num', 'meeting_key', 'meeting_uuid', 'meeting_code', 'confno', 'conf_no',
    'conf_id', 'conference_id', 'webinar_id', 'meetingid', 'meet_id', 'mtg_id', 'mtid', 'meeting_instance_id',
    'personal_meeting_id', 'pmi', 'pmi_number', 'conf_num', 'conf_number', 'conference_number', 'conference_uuid', 'conf_uuid', 'conf_code',
    'conference_code', 'conference_key', 'confkey', 'bridge_id', 'bridge_number', 'webinar_number', 'webinar_key', 'online_meeting_id',
    'meeting_thread_id', 'vc_meeting_id', 'video_conference_id', 'townhall_id', 'huddle_id',
  ],
  validate: (value) => isMeetingNumber(value) || isId(value),
  shape: { anchors: [caseless('zoom')], confidence: 95, find: findMeetingNumber },
  normalise: (value) => (isMeetingNumber(value) ? value.replaceAll(/[ -]/g, '') : normaliseOpaque(value)),
  integer: true,
  confidence: 90,
  traps: ['A Chinese mobile number has 11 digits as well, so that a key or a link is required.'],
  source: 'https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0065196 (meeting and webinar ids)',
  examples: {
    match: [
      ['meeting_id', '812 3456 7890'], ['confno', '98765432101'], 'zoommtg://zoom.us/join?action=join&confno=98765432101',
      'https://us02web.zoom.us/j/81234567890', ['meetingNumber', '812-3456-7890'],
    ],
    noMatch: [
      ['meeting_id', 'null'], ['meeting_id', ''], '81234567890', 'https://zoom.us/j/123', 'https://example.org/j/81234567890',
      ['meeting_type', '8'],
    ],
  },
};

/** Key names that events and calendars use too. */
export const plainMeeting: IdentifierKind = {
  name: meetingId.name,
  dataClass: meetingId.dataClass,
  keys: ['conference', 'meeting'],
  validate: (value) => isMeetingNumber(value) || (isId(value) && /\d/.test(value) && value.length >= 5),
  normalise: meetingId.normalise!,
  integer: true,
  confidence: 80,
  alone: 40,
  traps: ['Pages of conferences and events have such keys as well (`conference=spring2024`).', 'Words stand under such keys as well.'],
  source: meetingId.source,
  examples: {
    match: [['conference', '98765432101'], ['meeting', 'sync-4821'], 'uid=4711&meeting=98765432101'],
    noMatch: [['meeting', 'annual'], ['conference', 'spring'], ['meeting', '12']],
  },
};

/** Scans the whole text at the first anchor: links are rare, and have many forms. */
const findLinks: Shape['find'] = (text, _at, from, visit) => {
  if (from === 0) findMeetingLinks(text, visit);
  return text.length;
};

/** A meeting named by a link to its service. */
export const linkedMeeting: IdentifierKind = {
  name: meetingId.name,
  dataClass: meetingId.dataClass,
  keys: [],
  validate: (value) => {
    let whole = false;
    findMeetingLinks(value, () => { whole = true; });
    return whole;
  },
  shape: { anchors: meetingLinkAnchors, confidence: 90, find: findLinks },
  normalise: normaliseMeetingName,
  confidence: 90,
  traps: ['The same hosts have other pages: prices, static files, help.'],
  source: 'https://support.google.com/meet/answer/9302870; https://learn.microsoft.com/graph/api/resources/onlinemeeting; '
    + 'https://jitsi.github.io/handbook/docs/dev-guide/dev-guide-iframe',
  examples: {
    match: [
      'join at https://meet.google.com/kqx-wvzt-bnm now', 'https://teams.microsoft.com/l/meetup-join/19%3ameeting_Nzk2YjFmZDQtOGE1My00%40thread.v2/0',
      'url: meet.jit.si/QuarterlyReviewHarbour', 'HTTPS://Meet.Google.com/kqx-wvzt-bnm', ['u', 'https://acme.webex.com/meet/jane.doe'],
      'https://bluejeans.com/731845209',
    ],
    noMatch: [
      'https://meet.google.com/landing',
      'https://meet.jit.si/static/close.html',
      'https://meet.jit.si/libs/app.bundle.min.js',
      'https://whereby.com/pricing',
      'https://meet.example.org/kqx-wvzt-bnm',
      'https://meet.jit.si/',
    ],
  },
};

/** `room@conference.host`: a multi-user chat room, as also used by Jitsi. */
const mucRoom = /^[^\s@/<>"']{1,128}@(?:muc|conference|conf|rooms?|chat|groupchat)\.[\w.-]{1,200}(?:\/\S{1,128})?$/i;
const mucInText = /(?<![\w.%+-])[\w.%+-]{1,128}@(?:muc|conference|conf|rooms|groupchat)\.[a-z0-9][\w.-]{1,200}/iy;

function startOfLocalPart(text: string, at: number): number {
  let start = at;
  while (start > 0 && at - start <= 128 && /[\w.%+-]/.test(text[start - 1]!)) start--;
  return start;
}

export const mucRoomId: IdentifierKind = {
  name: 'room_id',
  dataClass: 'room',
  keys: ['jid', 'to', 'from', 'room_jid', 'muc_jid'],
  validate: (value) => mucRoom.test(value),
  shape: patternShape({ anchors: [sequence('@', any, any)], confidence: 88, pattern: mucInText, begin: startOfLocalPart }),
  normalise: (value) => value.replace(/\/.*$/, '').replace(/@.*$/, '').toLowerCase(),
  confidence: 90,
  traps: ['The address of a person on such a host has no such subdomain.'],
  source: 'XEP-0045, section 1; https://jitsi.github.io/handbook/docs/devops-guide/devops-guide-docker (XMPP_MUC_DOMAIN)',
  examples: {
    match: [
      ['to', 'harbour-review@conference.jitsi.example.org/a1b2c3d4'], "<presence to='harbour-review@muc.meet.jitsi'/>",
      ['jid', 'standup@conference.example.org'],
    ],
    noMatch: [['to', 'jane@example.org'], ['jid', 'conference.example.org'], 'mail to events@conference-hotel.example.com'],
  },
};

export const roomId: IdentifierKind = {
  name: 'room_id',
  dataClass: 'room',
  keys: [
    '*_room_id', '*_room_name', '*_room_uuid', '*_room_token', 'muc_room', '*_chatroom_id', 'chatroom', '*_liveroom_id', 'room_sid',
    'room_key', 'room_guid', 'room_alias', 'room_jid', 'muc_jid', 'chat_room', 'chat_room_name', 'live_room', 'live_stream_id', 'voice_room',
    'ktv_room', 'game_room', 'sfu_room', 'guild_id', 'videoroom', 'audio_room', 'real_room_id', 'short_room_id',
  ],
  validate: isId,
  integer: true,
  confidence: 90,
  traps: ['Unfilled templates and flags stand under such keys as well.', 'Rooms of hotels and of sensors have the same keys.'],
  source: 'https://docs.agora.io/en/video-calling/overview/core-concepts (channel); https://jitsi.github.io/handbook/docs/dev-guide/dev-guide-iframe',
  examples: {
    match: [
      ['room_id', 'MAx7Kq2P'], ['roomId', '1001'],
      ['id', 'MAx7Kq2P', 'http.request.body.json.room.id'], ['id', '77', 'http.request.body.json.rooms[0].id'],
    ],
    noMatch: [
      ['room_id', '0'], ['room_id', '{room_id}'], ['room_id', 'undefined'], ['id', '77'], ['rooms', 'true'], ['mushroom', 'x1'],
      ['bathroom_count', '2'],
    ],
  },
};

/** Rooms of hotels, floor plans and smart homes. */
const premises =
  /^(?:(?:bed|bath|living|dining|rest|show|ball|board|meeting|conference|class)[ _-]?room|single|double|twin|triple|suite|standard|deluxe|kitchen|office|garage|hall|all|any|main)[ _-]?\d{0,3}$/i;

/** Key names that hotels, shops and studios use too. */
export const plainRoom: IdentifierKind = {
  name: roomId.name,
  dataClass: roomId.dataClass,
  keys: [
    'room', 'room_no', 'room_number', 'room_code', 'room_num', 'live_id', 'broadcast_id', 'party_id', 'stage_id', 'lobby_id', 'studio_id',
    'classroom_id', 'class_room_id',
  ],
  validate: (value) => isId(value) && value.length >= (/^\d+$/.test(value) ? 5 : 3) && !premises.test(value) && !isTimestamp(value),
  integer: true,
  confidence: 80,
  alone: 40,
  traps: [
    'Rooms of a hotel, a building or a smart home have the same keys.', 'The value may be how many rooms are wanted.',
    'Stages of a sale and parties to a contract have the same keys.',
  ],
  source: roomId.source,
  examples: {
    match: [['room', 'wq-lounge-42'], 'user_id=42&room=wq-lounge-42', ['roomNumber', '884213']],
    noMatch: [
      ['room', '204'],
      ['room', 'double'],
      ['room', 'living_room'],
      ['room', '2'],
      ['rooms', '884213'],
      ['room', 'kitchen'],
      ['stage_id', '12'],
    ],
  },
};

export const channelId: IdentifierKind = {
  name: 'channel_id',
  dataClass: 'room',
  keys: [
    'voice_channel_id', 'live_channel_id', 'rtc_channel', 'rtc_channel_id', 'agora_channel', 'voice_channel', 'top_sid', 'sub_sid', 'topcid',
    'subcid', 'irc_channel', 'rtm_channel', 'signaling_channel', 'audio_channel_id', 'text_channel_id',
  ],
  validate: isChannel,
  integer: true,
  confidence: 80,
  traps: [
    '`channel` alone says from where an app was installed.', 'Small numbers are channels of television.',
    '`cname`, which Agora uses for it, is also a name in RTCP (RFC 5576) and in DNS.',
  ],
  source: 'https://docs.agora.io/en/video-calling/overview/core-concepts (channel); https://discord.com/developers/docs/resources/channel',
  examples: {
    match: [['rtc_channel', 'ch-9f3a'], ['voiceChannelId', 'townhall-7']],
    noMatch: [
      ['_channel', '1kxun'], ['voice_channel', '117'], ['channel_id', 'null'], 'a=ssrc:3735928559 cname:4TOk42mSjXCkVIa6',
      ['cname', 'edge.example.net'], ['channels', '2'],
    ],
  },
};

/** Key names that news sites, television and marketing use too. */
export const plainChannel: IdentifierKind = {
  name: channelId.name,
  dataClass: channelId.dataClass,
  keys: ['channel_id', 'channel_name', 'channel_uuid', 'channel_key', 'chan_id', 'chan_name'],
  validate: isChannel,
  integer: true,
  confidence: 80,
  alone: 40,
  traps: ['News sites and television have channels as well.', 'A channel may also say where a customer or an installation came from.'],
  source: channelId.source,
  examples: {
    match: [['channel_id', 'ch-9f3a'], ['channelName', 'townhall-7']],
    noMatch: [['channel_id', '117'], ['channel_id', 'null'], ['channel', 'ch-9f3a'], ['channel_name', 'news.sport']],
  },
};

function isChannel(value: string): boolean {
  return isId(value) && value.length >= (/^\d+$/.test(value) ? 5 : 3) && !value.includes('.') && !isTimestamp(value);
}

export const callId: IdentifierKind = {
  name: 'call_id',
  dataClass: 'room',
  keys: [
    'call_id', 'call_uuid', 'callid', 'call_session_id', 'voip_call_id', 'participant_call_id', 'call_guid', 'call_sid', 'call_leg_id',
    'call_chain_id', 'parent_call_sid', 'call_key', 'voip_session_id', 'voice_call_id', 'video_call_id', 'server_call_id', 'linked_call_id',
  ],
  validate: (value) => isUuid(value) || (isId(value) && !value.includes('@') && /\d/.test(value)),
  integer: true,
  confidence: 75,
  traps: ['The Call-ID of SIP is drawn anew for each dialog.', 'Calls of functions have ids as well.'],
  source: 'https://learn.microsoft.com/graph/api/resources/call',
  examples: {
    match: [['call_id', '7f2c9b1e-55aa-4d31-8e21-90b1c2d3e4f5'], ['callId', 'c-20331']],
    noMatch: [
      ['Call-ID', 'KopLTw9xs_lEpCtiPa07bQ1'], ['call_id', '314159265-7b20e8c4@314159268-7b20e8c1'], ['call_id', 'none'],
      ['callback', 'jsonp123'],
    ],
  },
};

export const conversationId: IdentifierKind = {
  name: 'conversation_id',
  dataClass: 'room',
  keys: [
    '*_conversation_id', '*_conversation', 'conv_id', 'chat_id', 'dialog_id', 'group_chat_id', 'chat_thread_id', 'im_group_id', 'team_chat_id',
    'conversation_sid', 'conversation_uuid', 'conv_uuid', 'convo_id', 'chat_uuid', 'chat_group_id', 'group_uin', 'qun', 'qun_id', 'qq_group',
    'peer_conversation_id', 'im_session_id', 'chat_jid', 'group_jid', 'dialogue_id', 'dm_channel_id', 'tim_group_id',
  ],
  validate: (value) => isId(value) && /\d/.test(value),
  integer: true,
  confidence: 80,
  traps: ['Forums and schedulers have a `thread_id` and a `group_id` as well.'],
  source: 'https://core.telegram.org/bots/api#chat; https://learn.microsoft.com/graph/api/resources/chat',
  examples: {
    match: [['conversation_id', '19:8f2e1c@thread.v2'], ['chatId', '-1001234567890'], ['convId', 'c_88213']],
    noMatch: [['conversation_id', 'undefined'], ['chat_id', '0'], ['conversion_id', 'AW-1234567'], ['chat', 'hello1']],
  },
};
