import {
  agreementOf, dimensions, distanceLimit, Geography, isBeyond, parseAddress, type City, type Claim, type Dimension, type Operator,
  type Place, type Position,
} from '#geo';
import { projectRoot } from '#runtime';
import { readCatalogue } from '../detector/packs.ts';
import { readGeoTables, type GeoFiles } from '../detector/detection-tables.ts';
import { actionOf, parseArguments } from './arguments.ts';
import { exitStatus, namedFileProblem, UnusableError, UsageError, type Command } from './command.ts';

const help = `Usage: telltale geo explain ADDRESS|NAME=ADDRESS… [options]

Says where an address is located, registered and operated from, and whether it
is anycast: each answer with every table that gives it, and whether the tables
agree. NAME=ADDRESS also compares a site code in the host's name
(zoomfrn99mmr.zoom.us=109.94.160.99).

Options:
  --located FILE    location table (MaxMind DB) to use instead of the installed
                    ones; repeat it, the most trusted first
  --registered FILE table of registered countries (MaxMind DB) to use
                    instead of the installed one
  --asn FILE        table of autonomous systems (MaxMind DB) to use instead of
                    the installed one
  --operators FILE  an operator table of your own, which overrides the one that
                    ships
  --anycast FILE    anycast prefixes (prefix,probe_ip per line) instead of the
                    list that ships
  --rtt MILLIS      a handshake's round trip, measured at --position: rules out
                    countries too far away
  --position LATITUDE,LONGITUDE

Exit status: 0 explained, 2 unusable arguments or an invalid address.
`;

export const geo: Command = {
  help,
  async run([action, ...args]) {
    actionOf('geo', action, ['explain']);
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: {
        located: { type: 'string', multiple: true },
        registered: { type: 'string' },
        asn: { type: 'string' },
        operators: { type: 'string' },
        anycast: { type: 'string' },
        rtt: { type: 'string' },
        position: { type: 'string' },
      },
    });
    if (positionals.length === 0) throw new UsageError('geo explain needs at least one ADDRESS');
    const { rtt, position, ...files } = values;
    const bound = boundOf(rtt, position);
    const questions = positionals.map(questionOf);
    const [geography, catalogue] = await Promise.all([geographyOf(files), readCatalogue(projectRoot)]);
    const texts = questions.map(({ address, name }) => {
      const site = name === '' ? undefined : catalogue.siteOf(name);
      const operator = name === '' ? undefined : geography.operatorOfDomain(name);
      const place = geography.lookup(address);
      return explain(address, place, {
        bound,
        city: geography.cityIn(place.located, address),
        name: name === '' ? [] : [
          row('name', site?.country ?? '?', `${name}: ${site ? `site code "${site.code}", ${site.place}` : 'no site code that the catalogue knows'}`),
          ...(operator === undefined ? [] : [row('', operator.controlledFrom, operatedBy(operator))]),
        ],
        claimed: site?.country ?? '',
      });
    });
    process.stdout.write(`${texts.join('\n')}\ntables: ${geography.version}\n`);
    return exitStatus.ok;
  },
};

async function geographyOf(files: GeoFiles): Promise<Geography> {
  try {
    return new Geography(await readGeoTables(projectRoot, files));
  } catch (error) {
    const isOfNamedFile = Object.values(files).some((file) => file !== undefined) && namedFileProblem(error) === undefined;
    throw isOfNamedFile ? new UnusableError((error as Error).message) : error;
  }
}

interface Bound { position: Position; rttMicros: number }

function boundOf(rtt: string | undefined, position: string | undefined): Bound | undefined {
  if (rtt === undefined && position === undefined) return undefined;
  if (rtt === undefined || position === undefined) throw new UsageError('--rtt and --position must be given together');
  const [latitude = NaN, longitude = NaN] = position.split(',').map(Number);
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180))
    throw new UsageError(`--position ${position}: expected LATITUDE,LONGITUDE in degrees, such as 50.11,8.68`);
  if (!(Number(rtt) > 0)) throw new UsageError(`--rtt ${rtt}: expected a number of milliseconds above 0`);
  return { position: { latitude, longitude }, rttMicros: Number(rtt) * 1_000 };
}

function questionOf(text: string): { address: string; name: string } {
  const [address = '', name = ''] = text.split('=').toReversed();
  if (parseAddress(address, new Uint32Array(4)) === 0) throw new UsageError(`${address} is not an IPv4 or IPv6 address`);
  return { address, name };
}

const scopeTexts = {
  local: 'it never leaves the monitored network (private, loopback, link-local, multicast) and has no jurisdiction',
  reserved: 'it is in a special range (documentation, carrier NAT, mapped, tunnelled, future use), which says nothing about its place',
};

/** One address as aligned lines. */
export function explain(
  address: string,
  place: Place,
  { bound, city, name, claimed }: { bound?: Bound | undefined; city: City | undefined; name: string[]; claimed: string },
): string {
  if (place.scope !== 'global') return [address, row('scope', place.scope, scopeTexts[place.scope]), ''].join('\n');
  const limit = bound === undefined ? 0 : distanceLimit(bound.rttMicros);
  const disproved = (country: string): boolean => bound !== undefined && isBeyond(country, bound.position, limit);
  const lines = [address];
  for (const dimension of dimensions) lines.push(...answer(dimension, place, disproved, city));
  lines.push(place.anycast === ''
    ? row('anycast', 'no', 'no list holds it and no table marks it, which does not prove that it is not')
    : row('anycast', 'yes', `${place.anycast}: it is at many places at once, so that no table can locate it`));
  lines.push(row('network', place.asn === 0 ? '?' : `AS${place.asn}`, place.organisation || 'no table of networks holds it'));
  lines.push(...name);
  if (claimed !== '' && place.located !== '')
    lines.push(row('', '', claimed === place.located ? 'agrees with the tables' : `disputes the tables, which say ${place.located}`));
  if (bound !== undefined) lines.push(row('round trip', `${limit} km`, 'away at most, at 2/3 of the speed of light'));
  return `${lines.join('\n')}\n`;
}

function answer(dimension: Dimension, place: Place, disproved: (country: string) => boolean, city: City | undefined): string[] {
  const claims = place.claims.filter((claim) => claim.dimension === dimension);
  const country = place[dimension];
  const ruledOut = dimension === 'located' && country !== '' && disproved(country);
  const agreement = { '': 'no table knows it', single: 'one source', agreed: `${claims.length} sources agree`, disputed: 'the sources differ' }[
    agreementOf(claims, dimension)
  ];
  const doubt = dimension === 'located' && place.anycast !== '' ? 'anycast' : ruledOut ? 'disproved: too far for the round trip' : agreement;
  return [
    row(dimension, country === '' || ruledOut ? '?' : country, doubt),
    ...claims.map((claim) => row('', '', `${claim.country}  ${claim.source}${note(noteOf(claim, place, city))}${
      dimension === 'located' && disproved(claim.country) ? ', too far away' : ''}`)),
  ];
}

/** What a source says besides the country. */
function noteOf({ dimension, source, confidence }: Claim, { operator }: Place, city: City | undefined): string {
  if (dimension === 'operated') return `${confidence}: ${operator}`;
  return dimension === 'located' && city?.source === source ? city.name : '';
}

function note(text: string): string {
  return text === '' ? '' : `, ${text}`;
}

function operatedBy({ table, confidence, name }: Operator): string {
  return `${table}, ${confidence}: ${name} operates it; takes precedence over the address`;
}

function row(label: string, value: string, text: string): string {
  return `  ${label.padEnd(12)}${value.padEnd(10)}${text}`;
}
