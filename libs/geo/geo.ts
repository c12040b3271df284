export { parseAddress, type AddressFamily } from './address.ts';
export { BoundedCache } from './bounded-cache.ts';
export { roles, ServiceCatalogue, type Role, type Service, type ServiceMatch } from './catalogue.ts';
export { Cidr, CidrSet } from './cidr.ts';
export { distanceLimit, isBeyond, type Position } from './distance.ts';
export { Geography, type GeoTables, type TableFile, type TableVersion } from './geography.ts';
export { formatProblem, LocatedError, readYaml, type LocatedDocument, type Problem } from './located-yaml.ts';
export { agreementOf, claimText, dimensions, placeless, type Agreement, type Claim, type Dimension, type Place, type Unlocated } from './place.ts';
export type { AddressScope } from './special-ranges.ts';
