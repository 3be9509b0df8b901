import { statusAnswers } from './campaign-answers.js';
import { json, type ScriptedAnswer, type ScriptedUpstream, text } from './scripted-upstream.js';

/**
 * Answers starts in the scripted order, and status questions by the state of their request. Its counts begin with it:
 * earlier calls are not counted, and earlier scripts are forgotten.
 */
export interface CampaignScript {
  /** Answer the next starts like this; a start without a script gets a 599. */
  starts(...answers: ScriptedAnswer[]): void;
  /** Set the state of a request, which is otherwise in progress. */
  state(requestId: string, state: keyof typeof statusAnswers): void;
  /** The number of starts so far. */
  readonly startCount: number;
  /** Resolves once so many starts have arrived. */
  startsArrived(count: number): Promise<void>;
}

/** Make an upstream play Campaign. */
export function scriptCampaign(upstream: ScriptedUpstream): CampaignScript {
  const answers: ScriptedAnswer[] = [];
  const states = new Map<string, keyof typeof statusAnswers>();
  const callCountBefore = upstream.calls.length;
  const countStarts = () =>
    upstream.calls.slice(callCountBefore).filter(({ method }) => method === 'POST').length;
  upstream.otherwise((response, call) => {
    if (call.method === 'POST') {
      const answer = answers.shift() ?? text(599, 'nothing is written for this start');
      answer(response, call);
      return;
    }
    const { pathname, searchParams } = new URL(call.rawPath, upstream.url);
    const mapping = decodeURIComponent(pathname.split('/').at(-2) ?? '');
    const requestId = searchParams.get('requestId') ?? '';
    const state = states.get(requestId) ?? 'inProgress';
    json(200, statusAnswers[state](mapping, requestId))(response, call);
  });
  return {
    starts: (...more) => void answers.push(...more),
    state: (requestId, state) => void states.set(requestId, state),
    get startCount() {
      return countStarts();
    },
    async startsArrived(count) {
      while (countStarts() < count) await upstream.arrived(upstream.calls.length + 1);
    },
  };
}
