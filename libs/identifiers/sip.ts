/** `sip:user@host`, `sips:user:secret@host` (RFC 3261, 19.1.1). A URI without a user names a server, not a person. */
export const sipUriInText = /(?<!\w)sips?:[\w.!~*'()&=+$,%-]{1,64}(?::[^\s@<>"]{0,64})?@[\w.:[\]-]{1,128}/iy;

const whole = /^sips?:[^\s@:<>"]{1,64}(?::[^\s@]{0,64})?@[\w.:[\]-]{2,128}(?:[;?][^\s]{0,256})?$/i;

export function isSipUri(value: string): boolean {
  const bare = value.replace(/^.*</, '').replace(/>.*$/, '');
  return whole.test(bare) && !/^sips?:(?:anonymous|unknown)@/i.test(bare);
}

/** `user@host`, host in lower case, without scheme, port and parameters: the same for a person in From, To and Contact. */
export function normaliseSipUri(value: string): string {
  const [user = '', host = ''] = value.replace(/^.*</, '').replace(/>.*$/, '').replace(/^sips?:/i, '').split('@');
  return `${user.replace(/:.*$/, '')}@${host.replace(/[:;?].*$/, '').toLowerCase()}`;
}
