import { useState } from 'react';
import { Notice } from '../components/notice.js';

/** Asks for an API key or a token, which is kept for this tab only. */
export function SignIn({
  wasRefused,
  onSignIn,
}: {
  readonly wasRefused: boolean;
  readonly onSignIn: (token: string) => void;
}) {
  const [token, setToken] = useState('');
  return (
    <main className="splash">
      <form
        className="card sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          onSignIn(token.trim());
        }}
      >
        <h1>Sign in to Sluice</h1>
        {wasRefused && (
          <Notice kind="error" title="That was refused.">
            The API key or token is wrong, or has expired.
          </Notice>
        )}
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
        <button type="submit" className="primary">
          Sign in
        </button>
        <p className="muted">It is kept in this tab until you close it.</p>
      </form>
    </main>
  );
}
