import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { findDamage } from './sqlite.check.js';
import type { SqliteCheckData } from './sqlite.protocol.js';

/**
 * A thread that reads a database file from beginning to end while another thread has the database open. It takes no
 * locks, so nothing may be written to the file meanwhile: see `checkWhileOpen`.
 */
const { path } = workerData as SqliteCheckData;
const url = pathToFileURL(path);
url.searchParams.set('immutable', '1');
const database = new DatabaseSync(url, { readOnly: true });
parentPort?.postMessage(await findDamage((sql) => database.prepare(sql).get()));
database.close();
