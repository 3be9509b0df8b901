import { openIngestionLog } from './sqlite-log.js';

/** A process that keeps the log of a directory open until its standard input ends. */
const [dataDir = ''] = process.argv.slice(2);
const log = await openIngestionLog({
  dataDir,
  onFatal(error) {
    throw error;
  },
});
console.log('opened');
process.stdin.resume().on('end', async () => {
  await log.close();
  console.log('closed');
});
