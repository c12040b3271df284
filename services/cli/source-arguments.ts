import { interfacePattern } from '../probe/capture-program.ts';
import { parseListenAddress } from '../probe/listen-address.ts';
import type { ProbeInputs } from '../probe/sources.ts';
import { UsageError } from './command.ts';

/** Options of `telltale probe` and `telltale up` that select what is read. */
export const sourceArguments = {
  follow: { type: 'boolean', default: false },
  listen: { type: 'string' },
  interface: { type: 'string' },
  filter: { type: 'string' },
} as const;

export const sourceOptions = `  --follow          the files, or those in the folders, grow: read on, also when
                    they are rotated
  --interface NAME  capture from an interface, by dumpcap or tcpdump; only that
                    program needs the privilege (telltale doctor)
  --filter FILTER   capture filter as one argument, such as 'not port 22'
                    (pcap-filter(7))
  --listen ADDRESS  listen for NetFlow v5 and v9, IPFIX and sFlow v5
                    (udp://127.0.0.1:2055), or as the unix socket of Suricata's
                    EVE output (unix:///run/telltale/eve.sock; filetype:
                    unix_stream)
`;

interface SourceValues {
  follow?: boolean | undefined;
  listen?: string | undefined;
  interface?: string | undefined;
  filter?: string | undefined;
}

/** @throws {UsageError} when more than one source is named, or an invalid one */
export function inputsOf({ follow = false, listen, interface: device, filter }: SourceValues, captures: readonly string[]): ProbeInputs {
  const named = [captures.length > 0, listen !== undefined, device !== undefined].filter(Boolean).length;
  if (named > 1) throw new UsageError('only one source can be read at a time: files, --interface or --listen');
  if (follow && captures.length === 0) throw new UsageError('--follow needs at least one FILE or DIR');
  if (follow && captures.includes('-'))
    throw new UsageError('--follow cannot be used with standard input, which is read as it comes: leave --follow out');
  if (device !== undefined && !interfacePattern.test(device))
    throw new UsageError(`--interface ${device}: expected the name of an interface, such as eth0`);
  if (filter !== undefined && (captures.length > 0 || listen !== undefined))
    throw new UsageError('--filter applies only to a live capture (--interface)');
  const address = listen === undefined ? undefined : parseListenAddress(listen);
  if (address === null) throw new UsageError(`--listen ${listen}: expected udp://ADDRESS:PORT or unix:///PATH`);
  return {
    captures,
    follow,
    ...(address && { listen: address }),
    ...(device !== undefined && { interface: device }),
    ...(filter !== undefined && { filter }),
  };
}
