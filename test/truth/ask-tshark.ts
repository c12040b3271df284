import { runTshark } from '../oracles/tshark.ts';
import { columns, identifiersIn, type Told } from './identifying-fields.ts';

/** Several values of a field in one frame. */
const separator = '\u0001';

/** Streams are put in order before they are read, and GTP-U is decapsulated. */
const options = ['-o', 'tcp.reassemble_out_of_order:TRUE', '-o', 'gtp.dissect_tpdu_as:Heuristic', '--enable-heuristic', 'stun_udp'];

/** An identifier in tshark's output, and the first frame that has it. */
export interface FirstTold extends Told {
  readonly frame: number;
}

/** The identifiers of a capture by their fields, each once; none for a file that tshark cannot read. */
export async function askForIdentifiers(path: string): Promise<FirstTold[]> {
  const format = [
    '-T', 'fields', '-E', 'occurrence=a', '-E', `aggregator=${separator}`, '-E', 'separator=/t', '-e', 'frame.number',
    ...columns.flatMap((column) => ['-e', column]),
  ];
  const told = new Map<string, FirstTold>();
  for (const line of (await runTshark(['-n', ...options, '-r', path, ...format])).split('\n')) {
    const [frame, ...cells] = line.split('\t');
    if (cells.every((cell) => cell === '')) continue;
    const row = new Map(
      columns.map((column, index) => [column, cells[index] === '' || cells[index] === undefined ? [] : cells[index].split(separator)]),
    );
    for (const one of identifiersIn(row)) {
      const key = `${one.field} ${one.value}`;
      if (!told.has(key)) told.set(key, { ...one, frame: Number(frame) });
    }
  }
  return [...told.values()];
}
