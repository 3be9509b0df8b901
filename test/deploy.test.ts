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
