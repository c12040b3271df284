/* oxlint-disable no-control-regex */
import { password, userName } from './login.ts';
import { greetingProtocol } from './user-greeting.ts';

/**
 * The remote shell (rshd(8)): a port for errors in digits, the user's name on the client, the one on the server, and the command, each
 * zero-terminated. rexec (rexecd(8)) has the same four, but with a name and its password in the middle. The command's input and output follow.
 */
export const rsh = greetingProtocol({
  name: 'rsh',
  whole: /^(\d{1,5})\0([!-~]{1,32})\0([!-~]{1,128})\0[\t -~]+\0/,
  begun: /^\d{1,5}(?:\0(?:[!-~]{1,32}(?:\0(?:[!-~]{1,128}(?:\0[\t -~]*)?)?)?)?)?$/,
  longest: 1024,
  read([, errorPort, first, second], serverPort) {
    if (isRsh(Number(errorPort), serverPort, first === second)) return { protocol: 'rsh', values: [userName(first!), userName(second!)] };
    return { protocol: 'rexec', values: [userName(first!), password(second!)] };
  },
});

const EXEC_PORT = 512;
const SHELL_PORT = 514;
/** Ports below this can be opened only by privileged processes. */
const firstUnprivileged = 1024;

/**
 * An rsh client must open a privileged port for errors; an rexec client has no reason to. Without such a port, the server's port decides, or equal
 * names; if still in doubt, the value is treated as a password rather than reported as a name.
 */
function isRsh(errorPort: number, serverPort: number, isSameName: boolean): boolean {
  if (errorPort > 0) return errorPort < firstUnprivileged;
  return serverPort === SHELL_PORT || (serverPort !== EXEC_PORT && isSameName);
}
