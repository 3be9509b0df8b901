import type { ExposureConfig } from '../../src/config/exposure.js';
import { defaultLimits, noCallerLimits } from '../../src/server/limits/limits.js';

/** The defaults when only programs of this machine can call. */
export const privateExposure: ExposureConfig = {
  audience: 'thisMachine',
  limits: { ...defaultLimits, ...noCallerLimits },
  isSchemaOpen: true,
  hasConsole: true,
  hasExplorer: true,
  corsOrigins: [],
  trustedProxies: [],
  persistedOperationsFile: null,
};

/** The defaults when callers sign in. */
export const publicExposure: ExposureConfig = {
  ...privateExposure,
  audience: 'callers',
  limits: defaultLimits,
  isSchemaOpen: false,
  hasExplorer: false,
};
