import { startAnswers } from '../support/campaign-answers.js';
import type { CampaignScript } from '../support/campaign-script.js';
import { askSocket, openSocket, type RawSocket } from '../support/raw-socket.js';
import { json } from '../support/scripted-upstream.js';

const MAPPING = 'XDM44';
const START = `mutation { startIngestion(input: { mappingId: "${MAPPING}" }) { __typename } }`;
const WATCH = 'subscription { ingestionActivity { to request { requestId } } }';

/** One who starts ingestions and is told how they end, all the while that others mean ill. */
export interface GoodClient {
  /**
   * How long each end took from the upstream to this client since the last call, in ms.
   *
   * @param atLeast - so many are waited for
   * @throws the client was let down
   */
  takeLags(atLeast: number): Promise<readonly number[]>;
  /** @throws what went wrong meanwhile */
  stop(): Promise<void>;
}

export async function startGoodClient(url: string, campaign: CampaignScript): Promise<GoodClient> {
  const watching = await openSocket(url);
  const asking = await openSocket(url);
  watching.send({ type: 'subscribe', id: 'watch', payload: { query: WATCH } });
  let lags: number[] = [];
  let told = Promise.withResolvers<void>();
  let isStopped = false;

  async function run(): Promise<void> {
    for (let id = 1; !isStopped; id += 1) {
      campaign.starts(json(200, startAnswers.submitted(MAPPING, `${id}`)));
      const { errors } = await askSocket(asking, { query: START });
      if (errors) throw new Error(`A start failed: ${JSON.stringify(errors)}`);
      const endedAt = performance.now();
      campaign.state(`${id}`, 'success');
      await toldOf(watching, `${id}`);
      lags.push(performance.now() - endedAt);
      told.resolve();
      told = Promise.withResolvers();
    }
    await Promise.all([watching.close(), asking.close()]);
  }

  const running = run();
  // Told when it is stopped.
  running.catch(() => {});
  return {
    async takeLags(atLeast) {
      while (lags.length < atLeast) await Promise.race([told.promise, running]);
      const taken = lags;
      lags = [];
      return taken;
    },
    stop() {
      isStopped = true;
      return running;
    },
  };
}

async function toldOf(socket: RawSocket, requestId: string): Promise<void> {
  for (;;) {
    const { type, payload } = await socket.next();
    if (type !== 'next') throw new Error(`The subscription ended: ${JSON.stringify(payload)}`);
    const text = JSON.stringify(payload);
    if (text.includes('"SUCCESS"') && text.includes(`"${requestId}"`)) return;
  }
}
