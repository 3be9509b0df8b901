import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { compete, listen, nextTurn } from './contestant.js';
import { toEvent } from './example.js';

/** The upper bound: no GraphQL, one text sent to every socket, as the documentation of `ws` shows. */
const server = createServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
/** As long as a client's id, which is in every message of the others. */
const id = crypto.randomUUID();
let index = 0;

compete({
  port: await listen(server),
  subscriberCount: () => webSockets.clients.size,
  async publish(count) {
    for (let i = 0; i < count; i += 1) {
      index += 1;
      const payload = { data: { ingestionActivity: toEvent(index) } };
      const text = JSON.stringify({ id, type: 'next', payload });
      for (const client of webSockets.clients) {
        if (client.readyState === client.OPEN) client.send(text);
      }
      await nextTurn();
    }
  },
});
