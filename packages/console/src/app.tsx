import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Notice } from './components/notice.js';
import { Shell } from './components/shell.js';
import { ViewerDocument } from './generated/operations.js';
import { SignIn } from './pages/sign-in.js';
import {
  connect,
  createSession,
  isSignedOut,
  keepToken,
  readToken,
  type Session,
  SessionContext,
} from './session.js';

type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'signedOut'; readonly wasRefused: boolean }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'open'; readonly session: Session };

/** The pause before an unreachable gateway is tried again, in ms. */
const RETRY_MS = 3_000;

/** Identifies the viewer, and shows what they may see. */
export function App() {
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<State>({ kind: 'connecting' });

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt connects anew
  useEffect(() => {
    const client = connect();
    let session: Session | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    client.request(ViewerDocument, {}).then(
      ({ viewer }) => {
        if (isOver) return;
        session = createSession(client, viewer, () =>
          setState({ kind: 'signedOut', wasRefused: true }),
        );
        setState({ kind: 'open', session });
      },
      (failure: unknown) => {
        if (isOver) return;
        if (isSignedOut(failure)) {
          setState({ kind: 'signedOut', wasRefused: readToken() !== '' });
          return;
        }
        setState({ kind: 'unreachable', message: String((failure as Error).message) });
        timer = setTimeout(() => setAttempt((count) => count + 1), RETRY_MS);
      },
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
      session?.live.stop();
      void client.dispose();
    };
  }, [attempt]);

  const signIn = (token: string) => {
    keepToken(token);
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
      return <SignIn wasRefused={state.wasRefused} onSignIn={signIn} />;
    case 'open':
      return (
        <SessionContext value={state.session}>
          <QueryClientProvider client={state.session.queries}>
            <Shell onSignOut={() => signIn('')} />
          </QueryClientProvider>
        </SessionContext>
      );
  }
}
