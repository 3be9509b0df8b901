/// <reference types="node" />
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { buildSchema, type GraphQLFormattedError, getOperationAST, graphql, parse } from 'graphql';
import { useServer as serve } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { createScriptedLog, type ScriptedLog } from './scripted-log.js';

/** A gateway without an upstream: a test moves its requests. */
export interface ScriptedServer extends Pick<ScriptedLog, 'move' | 'failNextStart' | 'refuseNext'> {
  /** The GraphQL endpoint, over HTTP and WebSocket. */
  readonly url: string;
  /** The `Authorization` of each HTTP request and each WebSocket, in order; null if there was none. */
  readonly authorizations: readonly (string | null)[];
  /** Cut all connections. New ones are accepted. */
  drop(): void;
  /** Stop reading from the open connections without closing them, like a NAT that has forgotten them. */
  silence(): void;
  /** Cut all connections and each new one, like a gateway that is down. */
  goDown(): void;
  /** Accept connections again. */
  comeBack(): void;
  close(): Promise<void>;
}

/** Start a server on a free port of this machine. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const schemaPath = createRequire(import.meta.url).resolve('@sluice/client/schema.graphql');
  const schema = buildSchema(readFileSync(schemaPath, 'utf8'));
  const log = createScriptedLog();
  const authorizations: (string | null)[] = [];
  const sockets = new Set<Socket>();
  let isDown = false;

  const server = createServer(async (request, response) => {
    authorizations.push(request.headers.authorization ?? null);
    const { query, variables, operationName } = await readOperation(request);
    const answer = await answerText(query, variables, operationName);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (isDown) socket.destroy();
  });

  async function answerText(
    source: string,
    variableValues: Readonly<Record<string, unknown>>,
    operationName: string | null,
  ): Promise<unknown> {
    try {
      const operation = getOperationAST(parse(source), operationName)?.operation;
      const rootValue = operation === 'mutation' ? log.roots.mutation : log.roots.query;
      return await graphql({ schema, source, variableValues, operationName, rootValue });
    } catch (error) {
      const refused: GraphQLFormattedError = { message: String(error) };
      return { errors: [refused] };
    }
  }

  const webSockets = new WebSocketServer({ server, path: '/graphql' });
  const protocol = serve(
    {
      schema,
      roots: log.roots,
      onConnect({ connectionParams }) {
        const { authorization } = connectionParams ?? {};
        authorizations.push(typeof authorization === 'string' ? authorization : null);
      },
    },
    webSockets,
    // Without pings, which would close silenced connections.
    0,
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const drop = () => {
    for (const webSocket of webSockets.clients) webSocket.terminate();
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    authorizations,
    move: log.move,
    failNextStart: log.failNextStart,
    refuseNext: log.refuseNext,
    drop,
    silence() {
      for (const socket of sockets) {
        socket.removeAllListeners('data');
        socket.pause();
      }
    },
    goDown() {
      isDown = true;
      drop();
    },
    comeBack() {
      isDown = false;
    },
    async close() {
      drop();
      server.close();
      await once(server, 'close');
      await protocol.dispose();
    },
  };
}

interface SentOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null;
}

/** From the JSON of a POST, or from the URL of a GET. */
async function readOperation(request: IncomingMessage): Promise<SentOperation> {
  const params = new URL(request.url ?? '', 'http://localhost').searchParams;
  const body = await text(request);
  const { query, variables, operationName } = body
    ? (JSON.parse(body) as Partial<SentOperation>)
    : {
        query: params.get('query') ?? '',
        variables: JSON.parse(params.get('variables') ?? '{}') as SentOperation['variables'],
        operationName: params.get('operationName'),
      };
  return { query: query ?? '', variables: variables ?? {}, operationName: operationName ?? null };
}
