import { z } from 'zod';
import { Cidr } from './cidr.ts';
import { fingerprintKinds } from './fingerprint.ts';

/** The roles that an endpoint can have in a service. */
export const roles = ['signalling', 'key-management', 'media', 'recording', 'telemetry', 'update', 'third-party'] as const;
export type Role = (typeof roles)[number];

const country = z.union([z.literal(''), z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code, or an empty text for unknown')]);
const entry = { role: z.enum(roles), source: z.string().min(1), experimental: z.string().min(1).optional() };
const transport = z.enum(['tcp', 'udp']);
const prefix = z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected a prefix such as 192.0.2.0/24');
const pattern = z
  .string()
  .regex(/[^*]{3}/, 'expected a text of at least three characters, in which `*` stands for any others')
  .optional();
const ja4 = z
  .string()
  .regex(
    /^[tqd](?:1[0-3]|s[23]|d[123]|00)[di]\d{4}[\da-zA-Z]{2}_[\da-f]{12}_[\da-f]{12}$/,
    'expected a JA4 fingerprint such as t13d1516h2_8daaf6152771_e5627efa2ab1',
  )
  .optional();

/** A catalogue as people write it; see services.yaml. */
export const catalogueSchema = z.strictObject({
  version: z.string(),
  services: z.array(z.strictObject({
    name: z.string().min(1),
    vendor: z.string().min(1),
    controlled_from: country,
    hosts: z.array(z.strictObject({
      match: z.string().regex(/^[a-z0-9*.-]+$/, 'expected a host name in lower case, in which `*` stands for any characters'),
      ...entry,
    })).default([]),
    ports: z.array(z.strictObject({
      transport,
      ports: z.string().regex(/^\d{1,5}(-\d{1,5})?$/, 'expected a port or a range such as 8801-8810'),
      protocols: z.array(z.string()).optional(),
      ...entry,
    })).default([]),
    ranges: z.array(z.strictObject({
      prefixes: z.array(prefix).min(1),
      transport: transport.optional(),
      /** Day of the list that the prefixes are from, or its month where no day is known. */
      snapshot: z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?$/, 'expected a day or month such as 2026-06-18 or 2026-06'),
      ...entry,
    })).default([]),
    fingerprints: z.array(z.strictObject({
      protocol: z.string().min(1).optional(), alpn: z.string().min(1).optional(), ja4,
      stun_realm: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'expected a domain in lower case, such as example.com').optional(),
      stun_software: pattern, user_agent: pattern,
      ...entry,
    }).refine(
      (one) => fingerprintKinds.filter((kind) => one[kind] !== undefined).length === 1, `expected exactly one of ${fingerprintKinds.join(', ')}`,
    )).default([]),
    sites: z.strictObject({
      pattern: z.string().refine(hasSiteGroup, 'expected a regular expression with the group (?<site>…)'),
      codes: z.record(
        z.string().regex(/^[a-z]+$/),
        z.strictObject({ country: z.string().regex(/^[A-Z]{2}$/), place: z.string().min(1), source: z.string().min(1) }),
      ),
    }).optional(),
  })),
});

function hasSiteGroup(text: string): boolean {
  return text.includes('(?<site>') && isRegex(text);
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
