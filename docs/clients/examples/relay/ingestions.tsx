import { Suspense, useMemo, useState } from 'react';
import {
  graphql,
  RelayEnvironmentProvider,
  useFragment,
  useLazyLoadQuery,
  useMutation,
  usePaginationFragment,
  useRefetchableFragment,
  useSubscription,
} from 'react-relay';
import type { ingestions_history$key } from './__generated__/ingestions_history.graphql.js';
import type { ingestions_request$key } from './__generated__/ingestions_request.graphql.js';
import type { ingestions_watch$key } from './__generated__/ingestions_watch.graphql.js';
import type { ingestionsFollowSubscription } from './__generated__/ingestionsFollowSubscription.graphql.js';
import type { ingestionsHistoryPageQuery } from './__generated__/ingestionsHistoryPageQuery.graphql.js';
import type { ingestionsQuery } from './__generated__/ingestionsQuery.graphql.js';
import type { ingestionsStartMutation } from './__generated__/ingestionsStartMutation.graphql.js';
import type { ingestionsWatchQuery } from './__generated__/ingestionsWatchQuery.graphql.js';
import { environment } from './environment.js';

export function App() {
  return (
    <RelayEnvironmentProvider environment={environment}>
      <Suspense fallback="Loading…">
        <Start />
        <Ingestions />
      </Suspense>
    </RelayEnvironmentProvider>
  );
}

function Start() {
  const [answer, setAnswer] = useState<ingestionsStartMutation['response']['startIngestion']>();
  const [start] = useMutation<ingestionsStartMutation>(graphql`
    mutation ingestionsStartMutation($mappingId: ID!) {
      startIngestion(input: { mappingId: $mappingId }) {
        ... on IngestionSubmitted {
          request {
            id
            ...ingestions_request
            ...ingestions_watch
          }
        }
        ... on IngestionAlreadyInProgress {
          request {
            id
            ...ingestions_request
            ...ingestions_watch
          }
        }
        ... on StartIngestionFailure {
          message
        }
      }
    }
  `);
  const onClick = () =>
    void start({
      variables: { mappingId: 'crm-profiles' },
      onCompleted: ({ startIngestion }) => setAnswer(startIngestion),
    });
  return (
    <>
      <button type="button" onClick={onClick}>
        Start
      </button>
      {answer?.message && <p role="alert">{answer.message}</p>}
      {answer?.request && (
        <section>
          <Follow id={answer.request.id} />
          <Request request={answer.request} />
          <Watch request={answer.request} />
        </section>
      )}
    </>
  );
}

/** What arrives goes to the store, and from there to every component that shows the request. */
function Follow({ id }: { readonly id: string }) {
  const config = useMemo(
    () => ({
      variables: { id },
      subscription: graphql`
        subscription ingestionsFollowSubscription($id: ID) {
          ingestionStatusChanged(id: $id) {
            to
            request {
              ...ingestions_request
            }
          }
        }
      `,
    }),
    [id],
  );
  useSubscription<ingestionsFollowSubscription>(config);
  return null;
}

function Request({ request }: { readonly request: ingestions_request$key }) {
  const { requestId, status, numRecords } = useFragment(
    graphql`
      fragment ingestions_request on IngestionRequest {
        requestId
        status
        numRecords
      }
    `,
    request,
  );
  return (
    <p>
      {requestId}: {status} {numRecords}
    </p>
  );
}

function Watch({ request }: { readonly request: ingestions_watch$key }) {
  const [{ watch }, refetch] = useRefetchableFragment<ingestionsWatchQuery, ingestions_watch$key>(
    graphql`
      fragment ingestions_watch on IngestionRequest
      @refetchable(queryName: "ingestionsWatchQuery") {
        watch {
          lastPolledAt
        }
      }
    `,
    request,
  );
  return (
    <button type="button" onClick={() => refetch({}, { fetchPolicy: 'store-and-network' })}>
      Polled at {watch?.lastPolledAt ?? 'no time yet'}
    </button>
  );
}

function Ingestions() {
  const query = useLazyLoadQuery<ingestionsQuery>(
    graphql`
      query ingestionsQuery {
        ...ingestions_history
      }
    `,
    {},
  );
  const { data, hasNext, loadNext } = usePaginationFragment<
    ingestionsHistoryPageQuery,
    ingestions_history$key
  >(
    graphql`
      fragment ingestions_history on Query
      @refetchable(queryName: "ingestionsHistoryPageQuery")
      @argumentDefinitions(
        first: { type: "Int", defaultValue: 2 }
        after: { type: "Cursor" }
      ) {
        ingestionRequests(first: $first, after: $after)
          @connection(key: "ingestions_ingestionRequests") {
          edges {
            node {
              id
              ...ingestions_request
            }
          }
        }
      }
    `,
    query,
  );
  return (
    <>
      <ol>
        {data.ingestionRequests.edges.map(({ node }) => (
          <li key={node.id}>
            <Request request={node} />
          </li>
        ))}
      </ol>
      {hasNext && (
        <button type="button" onClick={() => loadNext(2)}>
          More
        </button>
      )}
    </>
  );
}
