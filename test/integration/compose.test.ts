import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { z } from 'zod';
import { loadConfig, projectRoot } from '#runtime';

/** What can be checked about the distributed set-up without Docker. */
interface Service {
  image: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  restart?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
}
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, object>;
}

const file = (...path: string[]) => join(projectRoot, ...path);
const text = (...path: string[]) => readFileSync(file(...path), 'utf8');
const yaml = (...path: string[]): unknown => parse(text(...path), { merge: true, strict: true });

const compose = yaml('docker-compose.yml') as Compose;
const services = Object.entries(compose.services).map(([name, service]) => ({ name, ...service }));
const isJob = ({ healthcheck }: Service) => healthcheck?.disable === true;
const ours = services.filter(({ build }) => build);

test('docker-compose.yml follows the Compose specification', () => {
  const schema = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('docker-compose/schema/compose-spec.json'), 'utf8')) as {
    $schema?: string;
  };
  delete schema.$schema;
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  validate(compose);
  assert.deepEqual(validate.errors ?? [], []);
});

for (const service of services) {
  describe(`service ${service.name}`, () => {
    test('comes from a build or from an image of one exact version', () => {
      if (service.build) assert.ok(existsSync(file(service.build.context, service.build.dockerfile)));
      else assert.match(service.image, /^[\w./-]+:v?\d+\.\d+(\.\d+)*$/);
    });

    test('runs as a user of its own, on a read-only root, without privileges', () => {
      assert.match(service.user ?? '', /^[1-9]\d*:[1-9]\d*$/);
      assert.equal(service.read_only, true);
      assert.deepEqual(service.cap_drop, ['ALL']);
      assert.ok(service.security_opt?.includes('no-new-privileges:true'));
    });

    test('has limits', () => {
      const { cpus, memory } = service.deploy?.resources?.limits ?? {};
      assert.match(cpus ?? '', /^\d+(\.\d+)?$/);
      assert.match(memory ?? '', /^\d+[mg]$/);
    });

    test('has a health check, or is a job that ends', () => {
      if (isJob(service)) assert.match(service.restart ?? '', /^on-failure/);
      else assert.equal(service.healthcheck?.test?.[0], 'CMD');
    });

    test('publishes on loopback only, from a network that has a way out', () => {
      for (const port of service.ports ?? []) {
        const [address = ''] = port.split(':');
        assert.ok(isIPv4(address) && address.startsWith('127.'), port);
        assert.ok(service.networks?.some((network) => compose.networks[network]?.internal !== true));
      }
    });

    test('waits for services that exist, until they are what it needs', () => {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        const other = compose.services[name];
        assert.ok(other, name);
        assert.equal(condition, isJob(other) ? 'service_completed_successfully' : 'service_healthy', name);
      }
    });

    test('can reach what it is told about', () => {
      const configuration = ours.some(({ name }) => name === service.name) ? text('infra', 'docker', 'telltale.yaml') : '';
      const own = Object.values(service.environment ?? {}).join('\n') + (service.name === 'alerter' ? configuration : '');
      for (const [, host = ''] of own.matchAll(/(?:@|\/\/|\[|^)([a-z]+):\d{4,5}\b/gm)) {
        const other = compose.services[host];
        assert.ok(other, `${host} is a service`);
        assert.ok(
          host === service.name || other.networks?.some((network) => service.networks?.includes(network)),
          `${service.name} and ${host} share a network`,
        );
      }
    });

    test('mounts files that exist, and volumes that are declared', () => {
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) {
          assert.ok(existsSync(file(source)), source);
          assert.match(volume, /:ro$/, `${source} is read only`);
        } else assert.ok(source in compose.volumes, source);
      }
    });

    test('holds no secret: each comes from the environment, and there is no default', () => {
      for (const [name, value] of Object.entries(service.environment ?? {})) {
        if (/PASSWORD|CLICKHOUSE_URL|CLUSTER_ID/.test(name))
          assert.match(value, /\$\{\w+:\?run node infra\/docker\/environment\.mjs\}/, name);
      }
    });
  });
}

test('environment.mjs makes all that docker-compose.yml asks for, once, for its owner only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-environment-'));
  try {
    mkdirSync(join(folder, 'infra', 'docker'), { recursive: true });
    const script = join(folder, 'infra', 'docker', 'environment.mjs');
    copyFileSync(file('infra', 'docker', 'environment.mjs'), script);
    const make = () => {
      const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return readFileSync(join(folder, '.env'), 'utf8');
    };
    const made = make();
    const wanted = new Set([...text('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    assert.deepEqual(new Set([...made.matchAll(/^(\w+)=[\w-]{22,}$/gm)].map(([, name]) => name)), wanted);
    if (process.platform !== 'win32') assert.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600);
    assert.equal(make(), made, 'a second run changes nothing');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the commands of our services', () => {
  const cli = file('dist', 'services', 'cli', 'main.js');
  for (const { name, command = [] } of ours) {
    test(`${name}: telltale ${command.join(' ')}`, { skip: !existsSync(cli) && 'the command line is not part of this build' }, () => {
      const [subcommand = '', ...options] = command;
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, subcommand, '--help'], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      for (const option of options.filter((one) => one.startsWith('--'))) {
        assert.match(stdout, new RegExp(`(^|\\s)${option}\\b`, 'm'), `${subcommand} has the option ${option}`);
      }
    });
  }
});

describe('the configuration of our services', () => {
  for (const { name, environment = {} } of ours) {
    const module = file('dist', 'services', name, 'configuration.js');
    test(
      `${name} accepts its environment and infra/docker/telltale.yaml`,
      { skip: !existsSync(module) && `${name} has no configuration in this build` },
      async () => {
        const schema = ((await import(module)) as Record<string, z.ZodType>)[`${name}Schema`];
        assert.ok(schema, `services/${name}/configuration.ts exports ${name}Schema`);
        const image = Object.fromEntries(
          [...text('infra', 'docker', 'Dockerfile').matchAll(/(TELLTALE_\w+)=(\S+)/g)].map(([, key, value]) => [key, value]),
        );
        const values = Object.fromEntries(
          Object.entries(environment).map(([key, value]) => [key, value.replaceAll(/\$\{(\w+)[^}]*\}/g, 'secret')]),
        );
        loadConfig(schema, { environment: { ...image, ...values }, file: file('infra', 'docker', 'telltale.yaml') });
      },
    );
  }
});

describe('the image', () => {
  const dockerfile = text('infra', 'docker', 'Dockerfile');
  const stages = dockerfile.split(/^FROM /m);
  const last = stages.at(-1) ?? '';

  test('is made in stages from one pinned base', () => {
    assert.match(dockerfile, /^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-/m);
    assert.ok(stages.length > 3);
    for (const stage of stages.slice(1)) assert.match(stage, /^\$\{NODE_IMAGE\}/);
  });

  test('has the Node that package.json pins', () => {
    const { version } = JSON.parse(text('node_modules', 'node', 'package.json')) as { version: string };
    assert.match(dockerfile, new RegExp(`NODE_IMAGE=node:${version.replaceAll('.', '\\.')}-`));
  });

  test('runs as the user that docker-compose.yml names, with a health check and no shell between', () => {
    assert.match(last, new RegExp(`^USER ${ours[0]?.user}$`, 'm'));
    assert.match(last, /^HEALTHCHECK .*CMD \["node", "dist\/infra\/docker\/healthcheck\.js"\]$/m);
    assert.match(last, /^ENTRYPOINT \["node", /m);
  });

  test('keeps what it writes on its volume', () => {
    assert.match(last, /^VOLUME \/var\/lib\/telltale$/m);
    assert.match(last, /^RUN ln -s \/var\/lib\/telltale \.telltale$/m);
    for (const { name, volumes = [] } of ours.filter((service) => ['alerter', 'probe'].includes(service.name))) {
      assert.ok(volumes.includes(`${name}:/var/lib/telltale`), name);
    }
  });

  test('has no development dependency and no embedded ClickHouse', () => {
    const installed = stages.find((stage) => stage.includes('AS dependencies')) ?? '';
    assert.match(installed, /--omit=optional/);
    assert.match(installed, /--omit=dev/);
    assert.match(last, /COPY --from=dependencies \/app\/node_modules/);
  });

  test('is built without secrets, history, captures and what the machine has built', () => {
    const ignored = text('.dockerignore').split('\n');
    for (const path of ['.env', '.git', 'node_modules', 'dist', '.telltale', '**/*.pcap', '**/*.pcapng'])
      assert.ok(ignored.includes(path), path);
  });
});

describe('files that other programs read', () => {
  test(
    'Alertmanager accepts its configuration',
    { skip: spawnSync('amtool', ['--version']).error && 'amtool (Debian: prometheus-alertmanager) is not installed' },
    () => {
      const { status, stdout, stderr } = spawnSync('amtool', ['check-config', file('infra', 'alertmanager', 'alertmanager.yml')], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout + stderr);
    },
  );

  test(
    'Prometheus accepts the alerting rules, and they fire when they should',
    { skip: spawnSync('promtool', ['--version']).error && 'promtool (Debian: prometheus) is not installed' },
    () => {
      const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file('infra', 'prometheus', 'alerting-rules.test.yml')], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout + stderr);
    },
  );

  test('the alerting rules ask for metrics that are exported', () => {
    const exported = new Set(text('docs', 'metrics.md').match(/telltale_\w+/g));
    for (const name of text('infra', 'prometheus', 'alerting-rules.yml').match(/telltale_\w+/g) ?? []) {
      assert.ok(exported.has(name.replace(/_bucket$/, '')), name);
    }
  });

  test('ClickHouse: two users, each with a password from the environment and rights of its own; no default user', () => {
    const { users, profiles } = yaml('infra', 'docker', 'clickhouse', 'users.yaml') as {
      users: Record<string, { password?: Record<string, string>; profile?: string; grants?: { query: string }[]; '@remove'?: string }>;
      profiles: Record<string, { readonly?: number }>;
    };
    assert.deepEqual(users['default'], { '@remove': '1' });
    for (const name of ['telltale', 'reader']) {
      const user = users[name];
      const variable = user?.password?.['@from_env'] ?? '';
      assert.ok(variable in (compose.services['clickhouse']?.environment ?? {}), `${name}: ${variable} is in the container's environment`);
      assert.ok(user?.profile && user.profile in profiles);
    }
    assert.equal(profiles['reader']?.readonly, 2);
    for (const { query } of users['reader']?.grants ?? []) assert.match(query, /^GRANT SELECT ON /);
    yaml('infra', 'docker', 'clickhouse', 'server.yaml');
  });

  test('Grafana: the data source that the dashboards expect, and a folder of dashboards that is mounted', () => {
    const grafana = compose.services['grafana'];
    const {
      datasources: [source],
    } = yaml('infra', 'grafana', 'provisioning', 'datasources', 'clickhouse.yaml') as {
      datasources: {
        type: string;
        jsonData: { host: string; username: string; defaultDatabase: string };
        secureJsonData: { password: string };
      }[];
    };
    assert.equal(source?.type, 'grafana-clickhouse-datasource');
    assert.match(grafana?.environment?.['GF_PLUGINS_PREINSTALL_SYNC'] ?? '', /^grafana-clickhouse-datasource@\d+\.\d+\.\d+$/);
    assert.ok(source.jsonData.host in compose.services);
    assert.equal(source.jsonData.username, 'reader');
    assert.ok(source.secureJsonData.password.slice(1) in (grafana?.environment ?? {}));

    const {
      providers: [provider],
    } = yaml('infra', 'grafana', 'provisioning', 'dashboards', 'telltale.yaml') as { providers: { options: { path: string } }[] };
    const mount = grafana?.volumes?.find((volume) => volume.split(':')[1] === provider?.options.path);
    assert.ok(mount?.startsWith('./infra/grafana/dashboards:'), mount);
    const home = grafana?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
    assert.ok(existsSync(file('infra', 'grafana', 'dashboards', home.slice(`${provider?.options.path}/`.length))), home);
  });
});
