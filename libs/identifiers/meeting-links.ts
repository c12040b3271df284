import { caseless } from './scan/anchor.ts';

/** Links of meeting services: whoever knows one knows the meeting, and with its secret can join. Links of Zoom are in zoom.ts. */

/**
 * One pattern per service, over host and path; group 1 identifies the meeting.
 *
 * Sources: https://support.google.com/meet/answer/9302870 (codes of three groups of letters);
 * https://learn.microsoft.com/graph/api/resources/onlinemeeting (`joinWebUrl`); links of Webex invitations (MTID, personal rooms);
 * https://jitsi.github.io/handbook/docs/dev-guide/dev-guide-iframe (room as path); https://docs.whereby.com/reference (room names).
 */
const patterns = [
  /(?<![\w-])meet\.google\.com\/(?:lookup\/)?([a-z]{3}-[a-z]{4}-[a-z]{3})(?![\w-])/gi,
  /(?<![\w-])(?:teams\.microsoft\.com|teams\.live\.com|gov\.teams\.microsoft\.us)\/l\/meetup-join\/(19(?:%3a|:)meeting_[\w%~.-]{16,200}(?:%40|@)thread\.v2)/gi,
  /(?<![\w-])teams\.(?:live|microsoft)\.com\/meet\/(\d{10,16})(?!\d)/gi,
  /(?<![\w-])(?:[\w-]{1,63}\.)?webex\.com(?:\.cn)?\/[\w.-]{1,63}\/j\.php\?MTID=([0-9a-z]{16,64})/gi,
  /(?<![\w-])(?:[\w-]{1,63}\.)?webex\.com(?:\.cn)?\/(?:meet|join)\/([\w.-]{3,64})/gi,
  /(?<![\w-])(?:meet\.jit\.si|8x8\.vc(?:\/vpaas-magic-cookie-[0-9a-f]{16,64})?)\/([\w.%+-]{3,128})(?![\w/.-])/gi,
  /(?<![\w-])(?:[\w-]{1,63}\.)?whereby\.com\/([\w-]{3,128})(?![\w/.-])/gi,
  /(?<![\w-])(?:[\w-]{1,63}\.)?bluejeans\.com\/(\d{6,12})(?!\d)/gi,
  /(?<![\w-])(?:global\.gotomeeting\.com|meet\.goto\.com)\/(?:join\/)?(\d{9})(?!\d)/gi,
  /(?<![\w-])(?:meeting\.tencent\.com|voovmeeting\.com)\/(?:dm|p|s|dw)\/([\w-]{8,32})(?![\w-])/gi,
  /(?<![\w-])vc\.(?:feishu\.cn|larksuite\.com)\/j\/(\d{9})(?!\d)/gi,
  /(?<![\w-])(?:www\.)?clubhouse\.com\/(?:event|room|house)\/([\w-]{6,32})(?![\w-])/gi,
] as const;

/** Each pattern contains one of these. */
const landmarks = ['meet', 'webex', 'whereby', 'bluejeans', '8x8', 'feishu', 'larksuite', 'clubhouse'] as const;

export const meetingLinkAnchors = landmarks.map(caseless);

/** Pages of the services that are not rooms. */
const pages = new RegExp(`^(?:${
  'about|blog|business|careers|contact|download|favicon|features|help|images|index|information|jobs|legal|libs?|login|news|org|plans|pricing'
  + '|privacy|product|sign-?(?:in|up)|sounds|static|support|team|terms|user|config|css|external_api|http-bind|xmpp-websocket|manifest|robots'
})`, 'i');

/** Finds names of meetings in links of the services above. Takes time proportional to the length of the text. */
export function findMeetingLinks(text: string, visit: (start: number, end: number) => void): void {
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      const name = match[1]!;
      if (pages.test(name) || /\.(?:js|css|png|html?|svg|ico|json|wasm|mp3)$/i.test(name)) continue;
      const start = match.index + match[0].lastIndexOf(name);
      visit(start, start + name.length);
    }
  }
}

/** The name as compared by the service: Google and Jitsi ignore case, and Teams threads may be percent-encoded. */
export function normaliseMeetingName(value: string): string {
  return value.replaceAll(/%3a/gi, ':').replaceAll('%40', '@').toLowerCase();
}
