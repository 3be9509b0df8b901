import { readFileSync } from 'node:fs';
import proxyAddr from '@fastify/proxy-addr';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';

const compose = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true });

it('the compose file publishes on loopback unless asked, and gives every service an init', () => {
  const services = Object.values<{ ports?: string[]; init?: boolean }>(compose.services);
  expect(services.flatMap(({ ports = [] }) => ports)).toEqual([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose fills it in
    '${PUBLISH_ON:-127.0.0.1}:4000:4000',
  ]);
  expect(services.map(({ init }) => init)).toEqual(services.map(() => true));
});

it('the compose file has the gateways believe their balancer, and nobody else', () => {
  const [{ subnet }] = compose.networks.front.ipam.config;
  const inFront = Object.entries<{ networks?: string[] }>(compose.services)
    .filter(([, { networks = [] }]) => networks.includes('front'))
    .map(([name]) => name);
  expect(inFront).toEqual(['balancer', 'gateway-1', 'gateway-2']);
  for (const name of ['gateway-1', 'gateway-2']) {
    const trusted = compose.services[name].environment.TRUST_PROXY;
    expect(trusted).toBe(subnet);
    expect(() => proxyAddr.compile(trusted)).not.toThrow();
  }
});

/** What a stop may take: `DRAIN_DELAY_MS`, then its limit, then the last lines of the log. In s. */
const STOP_S = 5 + 9 + 0.5;

it('whoever starts a gateway as it is told to gives it the time that a stop takes', () => {
  const [, documented] =
    /^docker run .*--stop-timeout (\d+)/m.exec(readFileSync('docs/deploying.md', 'utf8')) ?? [];
  const periods = ['gateway-1', 'gateway-2'].map(
    (name) => compose.services[name].stop_grace_period,
  );
  for (const period of [documented, ...periods]) {
    expect(Number.parseInt(period, 10)).toBeGreaterThan(STOP_S);
  }
});

it.each(['package.json', 'Dockerfile', 'deploy/compose.yaml', 'docs/deploying.md'])(
  'no signal opens the inspector of what %s starts',
  (path) => {
    const starts = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => /node.*--max-semi-space-size/.test(line));
    expect(starts).not.toEqual([]);
    for (const start of starts) expect(start).toContain('--disable-sigusr1');
  },
);
