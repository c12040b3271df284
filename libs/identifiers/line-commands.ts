import { userName } from './catalogue/accounts.ts';
import { password } from './catalogue/credentials.ts';
import { isGuest } from './guest.ts';
import type { IdentifierKind } from './kind.ts';

/** Argument of a login command. */
export interface LoginArgument {
  readonly kind: IdentifierKind;
  readonly value: string;
  /** Offset in the line. */
  readonly offset: number;
}

/**
 * USER and PASS of FTP (RFC 959, section 4.1.1), POP3 (RFC 1939, section 7) and NNTP (RFC 4643, section 2.3); USER of IRC has more arguments and does
 * not match.
 */
const single = /^(?:AUTHINFO )?(USER|PASS) (\S+)$/i;
/** LOGIN of IMAP (RFC 9051, section 6.2.3), with or without quotes. */
const login = /^\S{1,16} LOGIN "?([^\s"]+)"? "?([^\s"]+)"?$/i;

/** User names and passwords in one line of a text protocol. An anonymous login identifies nobody, and by convention its password is an address. */
export function loginArguments(line: string): LoginArgument[] {
  const command = single.exec(line);
  if (command !== null) {
    const kind = command[1]!.toUpperCase() === 'USER' ? userName : password;
    return argument(kind, command[2]!, line.length - command[2]!.length);
  }
  const pair = login.exec(line);
  if (pair === null || isGuest(pair[1]!)) return [];
  const user = line.indexOf(pair[1]!, line.toUpperCase().indexOf(' LOGIN ') + 7);
  return [...argument(userName, pair[1]!, user), ...argument(password, pair[2]!, line.indexOf(pair[2]!, user + pair[1]!.length))];
}

function argument(kind: IdentifierKind, value: string, offset: number): LoginArgument[] {
  const accepted = kind.validate(value) && !isGuest(value) && !(kind === password && value.includes('@'));
  return accepted ? [{ kind, value, offset }] : [];
}
