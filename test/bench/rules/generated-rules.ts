import type { RuleFile } from '#rules';

/**
 * Rules of the shapes that public network rules have, in their proportions: lists of domain suffixes, parts of URLs and user agents,
 * address blocks, ports, regular expressions, identifiers, keywords, with filters. Each asks for different values; only rule 8, which is
 * always included, finds something in the records.
 */
export function generatedRules(count: number): RuleFile[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `rule-${i}.yml`,
    text: [
      `title: Rule ${i}`,
      `id: 00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      'level: medium',
      `logsource: { ${shapes[i % shapes.length]!.logsource} }`,
      'detection:',
      ...shapes[i % shapes.length]!.detection(i).map((line) => `  ${line}`),
    ].join('\n'),
  }));
}

const shapes: { logsource: string; detection: (i: number) => string[] }[] = [
  {
    logsource: 'category: network_connection',
    detection: (i) => [
      `selection: { Initiated: 'true', DestinationHostname|endswith: ['.c2-${i}.example.com', '.drop${i}.example.net', `
        + `'files${i}.example.org'] }`,
      'condition: selection',
    ],
  },
  {
    logsource: 'category: proxy',
    detection: (i) => [
      `selection: { c-uri|contains: ['/gate${i}.php?id=', '/panel${i}/login'], cs-method: POST }`,
      "filter_own: { cs-host|endswith: '.corp.example' }", 'condition: selection and not 1 of filter_*',
    ],
  },
  { logsource: 'category: proxy', detection: (i) => [`selection: { c-useragent|contains: ['Agent${i}/', 'bot-${i} ('] }`, 'condition: selection'] },
  {
    logsource: 'category: dns',
    detection: (i) => [
      `selection1: { query|startswith: 'stage${i}.' }`, `selection2: { query|contains: '.beacon${i}.' }`, 'condition: 1 of selection*',
    ],
  },
  {
    logsource: 'category: network_connection',
    detection: (i) => [
      `selection: { DestinationIp|cidr: ['${203 + (i % 20)}.${i % 256}.${(i * 7) % 256}.0/24', `
        + `'2001:db8:${(i % 65_536).toString(16)}::/48'] }`,
      'condition: selection',
    ],
  },
  {
    logsource: 'category: firewall',
    detection: (i) => [
      `selection: { dst_port: [${20_000 + i}, ${30_000 + i}], action: accept }`, 'filter: { dst_ip|cidr: 10.0.0.0/8 }',
      'condition: selection and not filter',
    ],
  },
  {
    logsource: 'category: webserver',
    detection: (i) => [`selection: { cs-uri-query|re: '/(api|rest)/v\\d+/exploit${i}(\\?|/|$)' }`, 'condition: selection'],
  },
  {
    logsource: 'product: telltale',
    detection: (i) => [
      `selection: { telltale.observable.kind: [device_id, user_id], telltale.observable.visibility: cleartext }`,
      `peer: { telltale.service: Service ${i} }`, 'condition: selection and peer',
    ],
  },
  {
    logsource: 'product: telltale',
    detection: (i) => [
      `selection: { telltale.observable.kind: ${i === 8 ? 'room_id' : `kind_${i}`} }`, "weak: { telltale.observable.confidence|lt: 50 }",
      'condition: selection and not weak',
    ],
  },
  { logsource: 'category: webserver', detection: (i) => [`keywords: ['exploit-${i}%24', 'select ${i} from']`, 'condition: keywords'] },
];
