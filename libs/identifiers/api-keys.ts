import { literal, sequence, type Anchor } from './scan/anchor.ts';

/** Secret keys of large services, recognised by their prefix. One line per vendor, after the vendors' pages and secret-scanning lists. */
const prefixed = [
  'A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}', // Amazon Web Services access key id
  'ya29\\.[\\w-]{20,2048}', // Google OAuth access token
  'GOCSPX-[\\w-]{24,32}', // Google OAuth client secret
  'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\\w{22,255}', // GitHub
  'xox[abeoprs]-[A-Za-z0-9-]{10,250}', // Slack
  '[sr]k_live_[A-Za-z0-9]{16,247}', // Stripe
  'SG\\.[\\w-]{16,32}\\.[\\w-]{16,64}', // SendGrid
  'LTAI[A-Za-z0-9]{12,20}', // Alibaba Cloud access key id
  'AKID[A-Za-z0-9]{32}', // Tencent Cloud secret id
  'glpat-[\\w-]{20,64}', // GitLab
  'npm_[A-Za-z0-9]{36}', // npm
  'hf_[A-Za-z0-9]{34}', // Hugging Face
  'do[opr]_v1_[a-f0-9]{64}', // DigitalOcean
  'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}', // Shopify
  'sk-(?:proj-|svcacct-|ant-api\\d\\d-)?(?=[\\w-]{0,199}\\d)(?=[\\w-]{0,199}[A-Z])[\\w-]{32,200}', // OpenAI, Anthropic
  'SK[a-f0-9]{32}', // Twilio API key
  'pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000}', // PyPI
  'dapi[a-f0-9]{32}', // Databricks
  'NRAK-[A-Z0-9]{27}', // New Relic
  'xapp-\\d-[A-Z0-9]{1,32}-\\d{1,32}-[a-f0-9]{32,128}', // Slack app token
  'hooks\\.slack\\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,32}', // Slack webhook
  '\\d{8,10}:AA[\\w-]{33}', // Telegram bot
  'AGE-SECRET-KEY-1[02-9ac-hj-np-zA-Z]{58}', // age
  'sq0(?:atp|csp)-[\\w-]{22,60}', // Square
  'key-[a-f0-9]{32}', // Mailgun
  'AccountKey=[A-Za-z0-9+/]{86}==', // Azure storage
].join('|');

export const apiKeyInText = new RegExp(`(?<![A-Za-z0-9])(?:${prefixed})(?![A-Za-z0-9])`, 'y');
/** The beginnings of these keys. */
export const apiKeyAnchors: readonly Anchor[] = [
  ...[
    'AKIA', 'ASIA', 'ABIA', 'ACCA', 'ya29', 'GOCSPX', 'git', 'xox', 'SG.', 'LTAI', 'AKID', 'glpat', 'npm_', 'hf_', 'shp', 'sk-', 'pypi',
    'dapi', 'NRAK',
    'xapp', 'hooks', 'AGE-', 'sq0', 'key-', 'AccountKey', ':AA',
  ].map(literal),
  sequence('g', 'h', 'pousr'), sequence('sr', 'k', '_'), sequence('d', 'o', 'opr'), sequence('S', 'K', '0123456789abcdef'),
];

/** A Telegram bot token has the bot's number before the colon. */
export function startOfApiKey(text: string, at: number): number {
  let start = at;
  while (text[at] === ':' && start > at - 10 && /\d/.test(text[start - 1] ?? '')) start--;
  return start;
}

const whole = new RegExp(`^(?:${prefixed})$`);

export function isPrefixedApiKey(value: string): boolean {
  return whole.test(value) && isNoExample(value);
}

/** Keys that vendors intend for pages and apps, where everybody can read them: they identify an app, and the vendor restricts what they permit. */
const publishable = [
  'AIza[\\w-]{35}', // Google API key, restricted to sites, apps and services; Firebase
  'pk_live_[A-Za-z0-9]{16,247}', // Stripe, Clerk
  'pk\\.eyJ[\\w-]{16,400}\\.[\\w-]{16,64}', // Mapbox public token
  'sb_publishable_[\\w-]{20,64}', // Supabase
  'phc_[A-Za-z0-9]{32,64}', // PostHog project
  'pub[a-f0-9]{32}', // Datadog client token
].join('|');

export const publishableKeyInText = new RegExp(`(?<![A-Za-z0-9])(?:${publishable})(?![A-Za-z0-9])`, 'y');
export const publishableKeyAnchors: readonly Anchor[] = [
  ...['AIza', 'pk_live_', 'pk.eyJ', 'sb_publishable_', 'phc_'].map(literal), sequence('p', 'u', 'b', '0123456789abcdef'),
];

const wholePublishable = new RegExp(`^(?:${publishable})$`);

export function isPrefixedPublishableKey(value: string): boolean {
  return wholePublishable.test(value) && isNoExample(value);
}

function isNoExample(value: string): boolean {
  return new Set(value).size >= 8 && !/EXAMPLE/i.test(value);
}
