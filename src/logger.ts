import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './config/settings.js';
import { toReadable } from './readable-log.js';

/** Fields that must never reach a log, wherever in a line they stand. */
const secretFields = [
  'authorization',
  'x-api-key',
  'accessToken',
  'clientSecret',
  'apiKey',
  'access_token',
];

/**
 * The process's logger: JSON lines, or readable text where a person looks on.
 *
 * @param destination - where lines go in place of standard output, as JSON
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: {
      paths: secretFields.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
      censor: '***',
    },
  };
  if (destination) return pino(options, destination);
  if (process.stdout.isTTY) {
    return pino(options, { write: (line) => void process.stdout.write(toReadable(line)) });
  }
  return pino(options);
}
