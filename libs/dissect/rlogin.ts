/* oxlint-disable no-control-regex */
import { userName } from './login.ts';
import { greetingProtocol } from './user-greeting.ts';

/**
 * rlogin (RFC 1282, section 2): a zero, the user's name on the client, the one on the server, and the terminal, each zero-terminated. Keystrokes
 * and screen output follow.
 */
export const rlogin = greetingProtocol({
  name: 'rlogin',
  whole: /^\0([!-~]{1,32})\0([!-~]{1,32})\0[!-.0-~]{1,64}\/\d{1,6}\0/,
  begun: /^\0(?:[!-~]{1,32}(?:\0(?:[!-~]{1,32}(?:\0[!-~]{0,72})?)?)?)?$/,
  longest: 160,
  read: ([, client, server]) => ({ protocol: 'rlogin', values: [userName(client!), userName(server!)] }),
});
