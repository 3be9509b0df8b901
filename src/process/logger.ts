import { type DestinationStream, type Logger, pino } from 'pino';
import { type LogForm, type LogLevel, toLogForm } from './log-form.js';
import { createLogOutput, type LogOutput, openStandardOutput } from './log-output.js';
import { createReadable } from './readable-log.js';

/** Fields that must never get into a log, wherever in a line they are. */
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
 * @param output - the form of lines on standard output, or another destination for JSON lines
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
  const standardOutput = toStandardOutput(() => logger);
  const toReadable = output.format === 'json' ? null : createReadable(output.hasColors);
  const destination: LogOutput = toReadable
    ? { ...standardOutput, write: (line) => standardOutput.write(toReadable(line)) }
    : standardOutput;
  const logger: Logger = pino(options, destination);
  return logger;
}

/**
 * The logger of a service beside a gateway, in the form that the gateway's has by default.
 *
 * @param environment - including the variables that all programs know
 */
export function createServiceLogger(environment: NodeJS.ProcessEnv): Logger {
  return createLogger('info', toLogForm(undefined, environment, process.stdout.isTTY === true));
}

function toStandardOutput(logger: () => Logger): LogOutput {
  const output = createLogOutput(openStandardOutput(), (lines) =>
    logger().error({ lines }, 'Lines of this log were dropped, because its reader was too slow'),
  );
  process.once('exit', output.flushSync);
  return output;
}
