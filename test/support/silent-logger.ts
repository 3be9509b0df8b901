import { pino } from 'pino';

/** A logger that nobody reads. */
export const silentLogger = pino({ level: 'silent' });
