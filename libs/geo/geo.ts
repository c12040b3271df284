export { parseAddress, type AddressFamily } from './address.ts';
export { BoundedCache } from './bounded-cache.ts';
export { roles, ServiceCatalogue, type Role, type Service, type ServiceMatch } from './catalogue.ts';
export { Cidr, CidrSet } from './cidr.ts';
export { Geography, type GeographyOptions, type GeoTables, type Place } from './geography.ts';
export { formatProblem, LocatedError, readYaml, type LocatedDocument, type Problem } from './located-yaml.ts';
export type { AddressScope } from './special-ranges.ts';
