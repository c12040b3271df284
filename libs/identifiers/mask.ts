import type { IdentifierKind } from './kind.ts';

/** The part of an identifier that may be shown to a person: enough to recognise one's own, not enough to use it. */

const hidden = '******';

/** Shows at most a quarter of the characters, and never more than 4; the length is hidden too: `35******9`. */
export function maskValue(value: string): string {
  const characters = Array.from(value);
  const visible = Math.min(4, Math.floor(characters.length / 4));
  const tail = Math.floor(visible / 2);
  return characters.slice(0, visible - tail).join('') + hidden + characters.slice(characters.length - tail).join('');
}

/** Shows only the range of the length: `******(8-15)`. */
export function maskSecret(value: string): string {
  const length = value.length;
  return hidden + (length < 8 ? '(1-7)' : length < 16 ? '(8-15)' : length < 32 ? '(16-31)' : length < 64 ? '(32-63)' : '(64+)');
}

/** `j***@e******.com`: shows the last label, and the first letters of local part and domain if these are long enough not to be guessed. */
export function maskEmail(value: string): string {
  const at = value.lastIndexOf('@');
  const dot = value.lastIndexOf('.');
  if (at < 1 || dot < at) return maskValue(value);
  return `${initial(value.slice(0, at))}***@${initial(value.slice(at + 1, dot))}${hidden}${value.slice(dot)}`;
}

function initial(name: string): string {
  return name.length >= 4 ? Array.from(name)[0]! : '';
}

/** Masks a value as defined by its kind; secrets and sessions without a mask of their own show the range of their length. */
export function maskOf(kind: IdentifierKind, value: string): string {
  if (kind.mask !== undefined) return kind.mask(value);
  return kind.dataClass === 'secret' || kind.dataClass === 'session' ? maskSecret(value) : maskValue(value);
}
