import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { compete, listen, nextTurn } from './contestant.js';
import { toEvent } from './example.js';

/** The peer: graphql-ws with graphql-js, as their documentation shows; events come from memory. */
type Event = ReturnType<typeof toEvent>;

const schema = buildSchema(/* GraphQL */ `
  type Query {
    isUp: Boolean!
  }
  type Request {
    mappingId: ID!
    requestId: ID!
    status: String!
  }
  type Transition {
    cursor: String!
    from: String
    to: String!
    observedAt: String!
    numRecords: Int
    batchId: ID
    info: String!
    request: Request!
  }
  type Subscription {
    ingestionActivity: Transition!
  }
`);

const subscribers = new Set<(event: Event) => void>();

async function* subscribe(): AsyncGenerator<{ ingestionActivity: Event }> {
  const queue: Event[] = [];
  let wake = () => {};
  const subscriber = (event: Event) => {
    queue.push(event);
    wake();
  };
  subscribers.add(subscriber);
  try {
    for (;;) {
      const event = queue.shift();
      if (event) {
        yield { ingestionActivity: event };
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    subscribers.delete(subscriber);
  }
}

const server = createServer();
const webSockets = new WebSocketServer({ server, path: '/graphql' });
useServer({ schema, roots: { subscription: { ingestionActivity: subscribe } } }, webSockets);
let index = 0;

compete({
  port: await listen(server),
  subscriberCount: () => subscribers.size,
  async publish(count) {
    for (let i = 0; i < count; i += 1) {
      index += 1;
      const event = toEvent(index);
      for (const subscriber of subscribers) subscriber(event);
      await nextTurn();
    }
  },
});
