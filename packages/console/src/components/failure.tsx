import { GatewayError } from '@sluice/client';
import { Notice } from './notice.js';

/** Says why the gateway could not answer. */
export function Failure({
  failure,
  onRetry,
}: {
  readonly failure: Error;
  readonly onRetry?: () => void;
}) {
  const isAnswered = failure instanceof GatewayError;
  return (
    <Notice
      kind="error"
      title={isAnswered ? 'The gateway refused that.' : 'The gateway does not respond.'}
    >
      <p>
        {failure.message}
        {isAnswered && failure.code && <code> {failure.code}</code>}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </Notice>
  );
}
