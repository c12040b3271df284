import { catalogue, findMatches, maskSecret, maskValue, type DataClass, type Example, type IdentifierKind } from '#identifiers';

const classes: readonly (readonly [DataClass, string, string])[] = [
  ['direct', 'Reaches or names a person', 'Whoever has it can name a person, or write to or call them.'],
  ['person', 'Describes a person', 'Not enough to reach anybody, but with one other fact it identifies most people.'],
  ['account', 'Follows an account', 'One person at one service, over all their devices.'],
  ['device', 'Follows a device', 'One device, over all services that read it and all networks it uses.'],
  ['room', 'Says who meets whom', 'A room, a meeting, a channel: two subjects with the same one are together.'],
  ['session', 'Opens a session', 'Whoever has it can act as its owner until the session ends.'],
  ['secret', 'Opens something', 'A password, a key, a token.'],
  ['location', 'Says where', 'A place, or something that public tables map to one.'],
];

/** docs/identifiers.md, from the catalogue. */
export function identifiersReference(): string {
  const names = new Set(catalogue.map(({ name }) => name));
  return `# Identifiers

Generated from the catalogue in \`libs/identifiers/catalogue/\` by \`npm run generate\`. ${names.size} kinds; rules name them in \`telltale.observable.kind\`.

How a value becomes an observable: a **key name** announces a kind (\`userId\`, \`USER-ID\` and \`from_user_id\` count as one name), or the value has
the kind's **shape**; then the kind's own check must accept it. Encodings around it are removed first, up to two deep, and reported as a chain
(\`base64>gzip\`). The value is replaced by a keyed token and a mask before anything leaves the probe. Where a value has several names, the
most specific kind counts.

| class | kinds |
| --- | --- |
${classes
  .map(
    ([dataClass]) =>
      `| [${dataClass}](#${dataClass}) | ${kindsOf(dataClass)
        .map((name) => `[${name}](#${name})`)
        .join(', ')} |`,
  )
  .join('\n')}

Encodings: percent-encoding, base64 and base64url, hexadecimal, quoted-printable, gzip and deflate inside a value, JSON in a form field, claims
of a JSON Web Token, MessagePack, CBOR and Protocol Buffers by their shape, UTF-16, text behind a length, integers of 32 and 64 bits in either
byte order, telephony BCD. MD5, SHA-1 and SHA-256 (hexadecimal or base64) of an identifier that was seen, or that is on a
[watchlist](watchlists.md), count as that identifier.

${classes.map(([dataClass, title, meaning]) => `## ${dataClass}

**${title}.** ${meaning}

${kindsOf(dataClass).map((name) => section(name)).join('\n')}`).join('\n')}`;
}

function kindsOf(dataClass: DataClass): string[] {
  return [...new Set(catalogue.filter((kind) => kind.dataClass === dataClass).map(({ name }) => name))].toSorted();
}

/** A kind with all its entries, which differ in how they are recognised. */
function section(name: string): string {
  const entries = catalogue.filter((kind) => kind.name === name);
  return `### ${name}

${entries.map(entry).join('\n')}
`;
}

function entry(kind: IdentifierKind): string {
  const alone = kind.alone === undefined ? '' : `, ${kind.alone} in an HTTP message that tells no account and no person`;
  const lines = [`- **recognised** ${recognition(kind)}; confidence ${kind.confidence}${alone}`];
  if (kind.keys.length > 0) lines.push(`- **keys** ${kind.keys.map((key) => `\`${key.replace(/^\*_/, '…_')}\``).join(' ')}`);
  lines.push(
    `- **look-alikes** ${kind.traps.join(' ')}`,
    ...(kind.examples.match.length === 0 ? [] : [`- **matches** ${kind.examples.match.map(example).join(' · ')}`]),
    `- **does not match** ${kind.examples.noMatch.map(example).join(' · ')}`,
    `- **shown as** \`${maskOf(kind)}\``,
    `- **source** ${kind.source}`,
  );
  return `${lines.join('\n')}\n`;
}

const places: Record<NonNullable<IdentifierKind['within']>, string> = {
  cookie: 'by the names of cookies', login: 'in the login of a protocol', sip: 'in SIP', jwt: 'among the claims of a token',
};

function recognition({ keys, shape, within, company, integer }: IdentifierKind): string {
  const ways: string[] = [];
  if (company !== undefined) ways.push(`by key name beside ${company.words}`);
  else if (keys.length > 0) ways.push(within === undefined ? 'by key name' : places[within]);
  if (shape !== undefined) ways.push(`by shape (confidence ${shape.confidence})`);
  if (integer === true) ways.push('also as an integer in binary payloads');
  return ways.length === 0 ? 'where its protocol or a watchlist says so' : ways.join(', ');
}

function maskOf(kind: IdentifierKind): string {
  const [example] = kind.examples.match;
  const value = example === undefined ? 'value' : typeof example === 'string' ? shapedValue(kind, example) : example[1];
  if (kind.mask !== undefined) return kind.mask(value);
  return kind.dataClass === 'secret' || kind.dataClass === 'session' ? maskSecret(value) : maskValue(value);
}

/** What the kind's shape finds in a text; the whole text for a kind without a shape. */
function shapedValue(kind: IdentifierKind, text: string): string {
  let value = text;
  if (kind.shape !== undefined) findMatches(kind.shape, text, (start, end) => { value = text.slice(start, end); });
  return value;
}

function example(one: Example): string {
  return typeof one === 'string' ? `\`${quoted(one)}\`` : `\`${quoted(`${one[2] ?? one[0]}=${one[1]}${one[3] === undefined ? '' : `&${one[3]}`}`)}\``;
}

/** On one line, and short enough to read. */
function quoted(text: string): string {
  const line = text.replaceAll('`', '\'').replaceAll(/\s*\r?\n\s*/g, ' ');
  return line.length > 96 ? `${line.slice(0, 93)}…` : line;
}
