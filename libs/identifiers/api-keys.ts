import { literal, sequence, type Anchor } from './scan/anchor.ts';

/** Keys of large services, which their prefix gives away. One line per vendor; the vendors' pages and secret-scanning lists name them. */
const prefixed = [
  'A(?:KIA|SIA)[A-Z2-7]{16}', // Amazon Web Services access key id
  'AIza[\\w-]{35}', // Google API key
  'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\\w{22,255}', // GitHub
  'xox[abeoprs]-[A-Za-z0-9-]{10,250}', // Slack
  '[sr]k_live_[A-Za-z0-9]{16,247}', // Stripe
  'SG\\.[\\w-]{16,32}\\.[\\w-]{16,64}', // SendGrid
  'LTAI[A-Za-z0-9]{12,20}', // Alibaba Cloud access key id
  'AKID[A-Za-z0-9]{32}', // Tencent Cloud secret id
].join('|');

export const apiKeyInText = new RegExp(`(?<![A-Za-z0-9])(?:${prefixed})(?![A-Za-z0-9])`, 'y');
/** How they begin. */
export const apiKeyAnchors: readonly Anchor[] = [
  ...['AKIA', 'ASIA', 'AIza', 'git', 'xox', 'SG.', 'LTAI'].map(literal), sequence('g', 'h', 'pousr'), sequence('sr', 'k', '_'),
];
const whole = new RegExp(`^(?:${prefixed})$`);

export function isPrefixedApiKey(value: string): boolean {
  return whole.test(value) && new Set(value).size >= 8 && !/EXAMPLE/i.test(value);
}
