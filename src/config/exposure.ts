import proxyAddr from '@fastify/proxy-addr';
import { z } from 'zod';
import type { Audience } from '../server/admission/audience.js';
import type { Exposure } from '../server/graphql-server.js';
import { type LimitSettings, limitSettings, toLimits } from './limits.js';

const onOrOff = {
  allowed: 'on or off',
  schema: z
    .enum(['on', 'off'])
    .transform((word) => word === 'on')
    .optional(),
};

function listOf(isAllowed: (item: string) => boolean) {
  return z
    .string()
    .default('')
    .transform((list) => list.split(',').map((item) => item.trim()))
    .transform((items) => items.filter((item) => item !== ''))
    .refine((items) => items.every(isAllowed));
}

/** The variables for what strangers may do. */
export const exposureSettings = {
  INTROSPECTION: onOrOff,
  CONSOLE: onOrOff,
  EXPLORER: onOrOff,
  CORS_ORIGINS: {
    allowed: 'comma-separated origins such as https://app.example.com',
    schema: listOf((origin) => URL.parse(origin)?.origin === origin),
  },
  TRUST_PROXY: {
    allowed: 'comma-separated IP addresses and ranges such as 10.0.0.0/8, or loopback',
    schema: listOf(isAddressOrRange),
  },
  PERSISTED_OPERATIONS: { allowed: 'a file', schema: z.string().min(1).optional() },
  ...limitSettings,
} as const;

/** What strangers may do, before its file is read. */
export interface ExposureConfig extends Omit<Exposure, 'persistedOperations'> {
  /** The list of allowed operations; null if all are allowed. */
  readonly persistedOperationsFile: string | null;
}

type ExposureSettings = {
  [Name in Exclude<keyof typeof exposureSettings, keyof LimitSettings>]: z.output<
    (typeof exposureSettings)[Name]['schema']
  >;
} & LimitSettings;

/** The defaults depend on who may call. */
export function toExposureConfig(all: ExposureSettings, audience: Audience): ExposureConfig {
  const hasSignIn = audience === 'callers';
  return {
    audience,
    limits: toLimits(all, audience !== 'thisMachine'),
    isSchemaOpen: all.INTROSPECTION ?? !hasSignIn,
    hasConsole: all.CONSOLE ?? true,
    hasExplorer: all.EXPLORER ?? !hasSignIn,
    corsOrigins: all.CORS_ORIGINS,
    trustedProxies: all.TRUST_PROXY,
    persistedOperationsFile: all.PERSISTED_OPERATIONS ?? null,
  };
}

function isAddressOrRange(text: string): boolean {
  try {
    proxyAddr.compile(text);
    return true;
  } catch {
    return false;
  }
}
