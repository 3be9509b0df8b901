import type { TypedText } from '@sluice/client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { isolate } from '../format.js';
import {
  type ChangeFragment,
  type MappingStateFragment,
  OneMappingDocument,
  PublishMappingDocument,
  StartMappingDocument,
  StopMappingDocument,
  UnpublishMappingDocument,
} from '../generated/operations.js';
import { useAsk, useHasRight, useSession } from '../session.js';
import { showToast } from '../toast-store.js';

interface Action {
  readonly label: string;
  /** What was done, for the announcer. */
  readonly done: string;
  /** A question to confirm it; empty if it is easily undone. */
  readonly question: string;
  readonly run: () => Promise<ChangeFragment>;
}

/** The actions on a mapping in its current state, for those who may. */
export function MappingActions({
  mappingId,
  only,
  onDone,
}: {
  readonly mappingId: string;
  /** Offer only this. */
  readonly only?: 'publish' | 'stop';
  readonly onDone?: () => void;
}) {
  const ask = useAsk();
  const mayManage = useHasRight('mappings:manage');
  const { data } = useQuery({ ...ask(OneMappingDocument, { mappingId }), enabled: mayManage });
  const { client, queries } = useSession();
  const act = useMutation({
    networkMode: 'always',
    mutationFn: ({ run }: Action) => run(),
    onSuccess(change, { done }) {
      if (change.__typename === 'MappingChangeRefused')
        showToast({ kind: 'bad', text: change.message });
      else {
        showToast({ kind: 'good', text: `${isolate(mappingId)} ${done}.` });
        onDone?.();
      }
      return queries.invalidateQueries();
    },
    onError: (failure) => showToast({ kind: 'bad', text: failure.message }),
  });
  const administration = data?.mapping?.administration;
  if (!mayManage || !administration) return null;
  const offered = toOffered(administration).filter((name) => !only || name === only);

  const send = async <Field extends string>(
    document: TypedText<
      Readonly<Record<Field, ChangeFragment>>,
      { readonly mappingId: string; readonly resendFromBeginning?: boolean | null | undefined }
    >,
    field: Field,
    resendFromBeginning?: boolean,
  ): Promise<ChangeFragment> => {
    const variables = { mappingId, ...(resendFromBeginning && { resendFromBeginning }) };
    return (await client.request(document, variables))[field];
  };
  const actions: Readonly<
    Record<'publish' | 'publishFromBeginning' | 'resend' | 'unpublish' | 'start' | 'stop', Action>
  > = {
    publish: {
      label: 'Publish',
      done: 'is published, and the scheduler runs it',
      question: '',
      run: () => send(PublishMappingDocument, 'publishMapping'),
    },
    publishFromBeginning: {
      label: 'Publish and resend all',
      done: 'is published, and sends everything again',
      question: `Send all records of ${isolate(mappingId)} again, from the beginning?`,
      run: () => send(PublishMappingDocument, 'publishMapping', true),
    },
    resend: {
      label: 'Resend all',
      done: 'sends everything again, and the scheduler runs it',
      question: `Send all records of ${isolate(mappingId)} again, from the beginning? It is unpublished and published again for that, and the scheduler runs it then.`,
      async run() {
        const change = await send(UnpublishMappingDocument, 'unpublishMapping');
        if (change.__typename === 'MappingChangeRefused') return change;
        return send(PublishMappingDocument, 'publishMapping', true);
      },
    },
    unpublish: {
      label: 'Unpublish',
      done: 'is no longer published',
      question: `Unpublish ${isolate(mappingId)}? Nobody can run it then.`,
      run: () => send(UnpublishMappingDocument, 'unpublishMapping'),
    },
    start: {
      label: 'Start schedule',
      done: 'is run by the scheduler',
      question: '',
      run: () => send(StartMappingDocument, 'startMapping'),
    },
    stop: {
      label: 'Stop',
      done: 'is stopped: you can start ingestions of it',
      question: '',
      run: () => send(StopMappingDocument, 'stopMapping'),
    },
  };
  return (
    <div className="actions">
      {offered.map((name) => {
        const action = actions[name];
        return (
          <button
            key={name}
            type="button"
            disabled={act.isPending}
            onClick={() => {
              if (action.question === '' || window.confirm(action.question)) act.mutate(action);
            }}
          >
            {action.label}
          </button>
        );
      })}
    </div>
  );
}

function toOffered({
  publication,
  execution,
}: NonNullable<MappingStateFragment['administration']>) {
  if (publication === 'UNPUBLISHED') return ['publish', 'publishFromBeginning'] as const;
  return execution === 'STARTED'
    ? (['stop', 'resend', 'unpublish'] as const)
    : (['start', 'resend', 'unpublish'] as const);
}
