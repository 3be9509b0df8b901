import { toArrivedCall } from './arrived-calls.js';
import { startAnswers, statusAnswers } from './campaign-answers.js';
import {
  hang,
  json,
  reset,
  type ScriptedAnswer,
  startScriptedUpstream,
  text,
} from './scripted-upstream.js';
import { toTestUpstream } from './test-gateway.js';
import {
  FIRST_REQUEST_ID,
  FORBIDDEN_LOOKS,
  lossyMappings,
  oddMappings,
  type RunEnd,
  SLOW_START_MS,
  type TestUpstream,
} from './test-upstream.js';

interface PlayedRequest {
  readonly id: string;
  readonly mappingId: string;
  readonly end: RunEnd;
  state: 'inProgress' | 'aborted' | RunEnd;
}

const forbidden = json(403, { error_code: '403023', message: 'Profile is not valid' });
const unknown = text(404, 'RST-360011 An error has occurred - please contact your administrator.');

/** Start a server that plays Campaign, without faults of its own. */
export async function startScriptedCampaign(mappingIds: readonly string[]): Promise<TestUpstream> {
  const ids = [...mappingIds, ...Object.values(oddMappings), ...lossyMappings];
  const upstream = await startScriptedUpstream();
  const requests: PlayedRequest[] = [];
  const ends = new Map<string, RunEnd>();
  let held = Promise.withResolvers<void>();
  const stillLossy = new Set<string>(lossyMappings);
  let forbiddenLooks = 0;

  function startOf(mappingId: string): { request: PlayedRequest; isNew: boolean } {
    const running = requests.find(
      (request) => request.mappingId === mappingId && request.state === 'inProgress',
    );
    if (running) return { request: running, isNew: false };
    const id = String(FIRST_REQUEST_ID + requests.length);
    const end = ends.get(mappingId) ?? 'success';
    const request: PlayedRequest = { id, mappingId, end, state: 'inProgress' };
    requests.push(request);
    return { request, isNew: true };
  }

  function answerToStart(mappingId: string): ScriptedAnswer {
    if (mappingId === oddMappings.silent) return hang();
    if (mappingId === oddMappings.unpublished) {
      return json(200, startAnswers.notPublished(mappingId));
    }
    if (mappingId === oddMappings.scheduled) return json(200, startAnswers.notStopped(mappingId));
    if (!ids.includes(mappingId)) return json(404, startAnswers.unknown(mappingId));
    const { request, isNew } = startOf(mappingId);
    if (stillLossy.delete(mappingId)) return reset();
    const toAnswer = isNew ? startAnswers.submitted : startAnswers.alreadyInProgress;
    const answer = json(200, toAnswer(mappingId, request.id));
    if (mappingId !== oddMappings.slow) return answer;
    return (response, call) => void setTimeout(() => answer(response, call), SLOW_START_MS);
  }

  function answerToStatus(mappingId: string, requestId: string | null): ScriptedAnswer {
    const request = requests.find(({ id }) => id === requestId);
    if (request?.mappingId !== mappingId) return unknown;
    return json(200, statusAnswers[request.state](mappingId, request.id));
  }

  upstream.otherwise((response, call) => {
    const arrived = toArrivedCall(call.method, call.rawPath);
    if (arrived === null) return unknown(response, call);
    const { operation, mappingId } = arrived;
    if (operation === 'check') return unknown(response, call);
    if (operation === 'start') return answerToStart(mappingId)(response, call);
    const look = () => {
      const { searchParams } = new URL(call.rawPath, upstream.url);
      answerToStatus(mappingId, searchParams.get('requestId'))(response, call);
    };
    switch (mappingId) {
      case oddMappings.silent:
        return hang()(response, call);
      case oddMappings.held:
        return void held.promise.then(look);
      case oddMappings.forbidden:
        return forbidden(response, call);
      case oddMappings.forbiddenAtFirst:
        forbiddenLooks += 1;
        return forbiddenLooks > FORBIDDEN_LOOKS ? look() : forbidden(response, call);
      default:
        return look();
    }
  });

  const arrivedCalls = () =>
    upstream.calls.flatMap(({ method, rawPath }) => toArrivedCall(method, rawPath) ?? []);
  const endAll = (toState: (request: PlayedRequest) => PlayedRequest['state']) => {
    for (const request of requests) {
      if (request.state === 'inProgress') request.state = toState(request);
    }
    return Promise.resolve();
  };

  return {
    url: upstream.url,
    config: toTestUpstream(upstream.url),
    get calls() {
      return arrivedCalls();
    },
    async arrived(count) {
      while (arrivedCalls().length < count) await upstream.arrived(upstream.calls.length + 1);
      return arrivedCalls();
    },
    startElsewhere: (mappingId) => Promise.resolve(startOf(mappingId).request.id),
    willEnd: (mappingId, end) => Promise.resolve(void ends.set(mappingId, end)),
    finish: () => endAll(({ end }) => end),
    abort: () => endAll(() => 'aborted'),
    hold() {
      held = Promise.withResolvers();
    },
    release: () => held.resolve(),
    close: () => upstream.close(),
  };
}
