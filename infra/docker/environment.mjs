// Writes .env for docker-compose.yml: passwords and a cluster id generated for this machine, readable only by its owner. An existing file
// is left alone, since ClickHouse and Kafka remember what they were first started with.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const file = new URL('../../.env', import.meta.url);
const secret = () => randomBytes(24).toString('base64url');

const text = `# Made by infra/docker/environment.mjs. Keep it out of version control.
KAFKA_CLUSTER_ID=${randomBytes(16).toString('base64url')}
CLICKHOUSE_WRITER_PASSWORD=${secret()}
CLICKHOUSE_READER_PASSWORD=${secret()}
GRAFANA_ADMIN_PASSWORD=${secret()}
`;

try {
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  process.stdout.write('Wrote .env. Grafana: user admin, password GRAFANA_ADMIN_PASSWORD in that file.\n');
} catch (error) {
  if (error.code !== 'EEXIST') throw error;
  process.stdout.write('.env exists already and stays as it is.\n');
}
