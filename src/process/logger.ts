import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogForm } from '../config/log.js';
import type { LogLevel } from '../config/settings.js';
import { createReadable } from './readable-log.js';

/** Fields that must never reach a log, wherever in a line they stand. */
const secretFields = [
  'authorization',
  'x-api-key',
  'accessToken',
  'clientSecret',
  'apiKey',
  'access_token',
];

/** For programs. */
const jsonLines: LogForm = { format: 'json', hasColors: false };

/**
 * The process's logger: JSON lines, or readable text for people.
 *
 * @param output - how lines look on standard output, or where they go in its place, as JSON
 */
export function createLogger(
  level: LogLevel,
  output: LogForm | DestinationStream = jsonLines,
): Logger {
  const options = {
    level,
    base: null,
    redact: {
      paths: secretFields.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
      censor: '***',
    },
  };
  if ('write' in output) return pino(options, output);
  if (output.format === 'json') return pino(options);
  const toReadable = createReadable(output.hasColors);
  return pino(options, { write: (line) => void process.stdout.write(toReadable(line)) });
}
