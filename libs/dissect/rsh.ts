/* oxlint-disable no-control-regex */
import { greetingProtocol } from './user-greeting.ts';

/**
 * The remote shell (rshd(8)): a port for errors in digits, the user's name on the client, the one on the server, and the command, each with a zero
 * behind. What follows are its input and output.
 */
export const rsh = greetingProtocol({
  name: 'rsh',
  whole: /^\d{1,5}\0([!-~]{1,32})\0([!-~]{1,32})\0[\t -~]+\0/,
  begun: /^\d{1,5}(?:\0(?:[!-~]{1,32}(?:\0(?:[!-~]{1,32}(?:\0[\t -~]*)?)?)?)?)?$/,
  longest: 1024,
});
