import { startPushedGateway } from '../../test/support/pushed-gateway.js';
import { compete } from './contestant.js';
import { INFO } from './example.js';

/**
 * The gateway without an upstream: its log in a file, hub, fan-out, schema, resolvers, HTTP and WebSocket server. An
 * event is a transition that is appended to the log and looks its request up in it.
 */
const { port, log, fanOut, stop } = await startPushedGateway();
let index = 0;

compete({
  port,
  subscriberCount: () => fanOut.followerCount,
  async publish(count) {
    const appended = Array.from({ length: count }, () => {
      index += 1;
      return log.append({
        ref: { mappingId: 'XDM44', requestId: String(index) },
        seen: { status: 'SUCCESS', info: INFO, batchId: '01HZX9E5T5N8Q4', numRecords: 15 },
        observedAt: Date.now(),
      });
    });
    await Promise.all(appended);
  },
  stop,
});
