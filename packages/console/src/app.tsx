import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Notice } from './components/notice.js';
import { Shell } from './components/shell.js';
import { ViewerDocument } from './generated/operations.js';
import { findPlace } from './live.js';
import { finishSignIn, hasOpenId } from './open-id.js';
import { SignIn, type SignInProblem } from './pages/sign-in.js';
import {
  connect,
  createSession,
  isSignedOut,
  keepToken,
  readToken,
  type Session,
  SessionContext,
  signOut,
} from './session.js';

type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'signedOut'; readonly problem: SignInProblem | null }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'open'; readonly session: Session };

/** The pause before an unreachable gateway is tried again, in ms. */
const RETRY_MS = 3_000;

const REFUSED: SignInProblem = {
  title: 'That was refused.',
  text: hasOpenId
    ? 'The gateway does not take this key or token: it is wrong, has expired, or is meant for another service.'
    : 'The API key or token is wrong, or has expired.',
};

const ENDED: SignInProblem = {
  title: 'You are signed out.',
  text: 'The key or token has expired, or was taken back. Sign in again to go on where you were.',
};

/** Identifies the viewer, and shows what they may see. */
export function App() {
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<State>({ kind: 'connecting' });

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt connects anew
  useEffect(() => {
    const client = connect();
    let session: Session | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isUnmounted = false;
    const show = (next: State) => {
      if (!isUnmounted) setState(next);
    };
    const open = async () => {
      try {
        await finishSignIn();
      } catch (failure) {
        return show({
          kind: 'signedOut',
          problem: { title: 'The provider did not let you in.', text: toText(failure) },
        });
      }
      try {
        const { viewer } = await client.request(ViewerDocument, {});
        const mayRead = viewer.rights.includes('ingestion:read');
        const place = mayRead ? await findPlace(client) : null;
        if (isUnmounted) return;
        session = createSession(client, viewer, place, () =>
          show({ kind: 'signedOut', problem: ENDED }),
        );
        show({ kind: 'open', session });
      } catch (failure) {
        if (isSignedOut(failure)) {
          return show({ kind: 'signedOut', problem: (await readToken()) === '' ? null : REFUSED });
        }
        show({ kind: 'unreachable', message: toText(failure) });
        if (!isUnmounted) timer = setTimeout(() => setAttempt((count) => count + 1), RETRY_MS);
      }
    };
    void open();
    return () => {
      isUnmounted = true;
      clearTimeout(timer);
      session?.live.stop();
      void client.dispose();
    };
  }, [attempt]);

  const begin = () => {
    setState({ kind: 'connecting' });
    setAttempt((count) => count + 1);
  };

  switch (state.kind) {
    case 'connecting':
      return <p className="splash">Connecting…</p>;
    case 'unreachable':
      return (
        <main className="splash">
          <Notice kind="error" title="The gateway does not respond.">
            {state.message} This page tries again by itself.
          </Notice>
        </main>
      );
    case 'signedOut':
      return (
        <SignIn
          problem={state.problem}
          onToken={(token) => {
            keepToken(token);
            begin();
          }}
        />
      );
    case 'open':
      return (
        <SessionContext value={state.session}>
          <QueryClientProvider client={state.session.queries}>
            <Shell onSignOut={() => void signOut().then(begin)} />
          </QueryClientProvider>
        </SessionContext>
      );
  }
}

function toText(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
