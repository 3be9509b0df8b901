import { useState } from 'react';
import { Notice } from '../components/notice.js';
import { goToProvider, hasOpenId } from '../open-id.js';

/** Why somebody is not signed in. */
export interface SignInProblem {
  readonly title: string;
  readonly text: string;
}

/** Sends people to the OpenID provider, if there is one, or asks for an API key or a token. */
export function SignIn({
  problem,
  onToken,
}: {
  readonly problem: SignInProblem | null;
  readonly onToken: (token: string) => void;
}) {
  const [failure, setFailure] = useState<SignInProblem | null>(null);
  const shown = failure ?? problem;
  return (
    <main className="splash">
      <div className="card sign-in">
        <h1>Sign in to Sluice</h1>
        {shown && (
          <Notice kind="error" title={shown.title}>
            {shown.text}
          </Notice>
        )}
        {hasOpenId ? (
          <>
            <button
              type="button"
              className="primary"
              onClick={() =>
                goToProvider().catch((error: Error) =>
                  setFailure({ title: 'The provider does not answer.', text: error.message }),
                )
              }
            >
              Sign in
            </button>
            <details>
              <summary>With an API key or a token</summary>
              <TokenForm onToken={onToken} className="" />
            </details>
          </>
        ) : (
          <TokenForm onToken={onToken} className="primary" />
        )}
        <p className="muted">You stay signed in until you close this tab.</p>
      </div>
    </main>
  );
}

function TokenForm({
  onToken,
  className,
}: {
  readonly onToken: (token: string) => void;
  readonly className: string;
}) {
  const [token, setToken] = useState('');
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onToken(token.trim());
      }}
    >
      <label>
        API key or access token
        <input
          type="password"
          autoComplete="off"
          required
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      <button type="submit" className={className}>
        {hasOpenId ? 'Use it' : 'Sign in'}
      </button>
    </form>
  );
}
