import { readFileSync, readlinkSync } from 'node:fs';

/** The access mode of a file, in octal as Linux shows its flags. */
const WRITE_ONLY = /^flags:\s+[0-7]*1$/m;

/** The first signal's bit. */
const IGNORES_HANG_UP = /^SigIgn:\s+[0-9a-f]*[13579bdf]$/m;

/**
 * Whether this process was started to outlive its terminal: by `nohup`, or by a script that ignores SIGHUP.
 *
 * Node.js resets the signals that it was told to ignore, so its own state no longer shows it. But `nohup` leaves a
 * standard input that can't be read, and a script keeps ignoring the signal. Only known on Linux; elsewhere false.
 *
 * @param directory - where the system describes processes
 */
export function isHangUpIgnored(directory = '/proc', parent = process.ppid): boolean {
  return isOfNohup(directory) || isIgnoredBy(directory, parent);
}

function isOfNohup(directory: string): boolean {
  try {
    return (
      readlinkSync(`${directory}/self/fd/0`) === '/dev/null' &&
      WRITE_ONLY.test(readFileSync(`${directory}/self/fdinfo/0`, 'utf8'))
    );
  } catch {
    return false;
  }
}

function isIgnoredBy(directory: string, pid: number): boolean {
  try {
    return IGNORES_HANG_UP.test(readFileSync(`${directory}/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
